import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { type AdminAnswer, problemAnswer } from './admin-answer.ts'

/** Who may see and end sessions at an admin listener. */
export interface AdminAccess {
  /** From the environment's LIMPET_ADMIN_TOKEN; undefined where that is absent or empty. */
  readonly token: string | undefined
  /** Whether the listener can be reached from this machine only. */
  readonly isLoopback: boolean
}

/** What a request says of whom it comes from. */
export interface AdminCaller {
  readonly method: string
  readonly host: string | undefined
  readonly authorization: string | undefined
}

/**
 * Why a request for sessions is refused; undefined when it is not. Where a token is configured, every request needs
 * it as `Authorization: Bearer TOKEN` (RFC 6750 §2.1). Without one, sessions can be ended at a loopback address
 * only, and there Host must name this machine: a page in a browser can make a name of its own resolve to
 * 127.0.0.1, but can't hide that name.
 */
export function refuseCaller(access: AdminAccess, caller: AdminCaller): AdminAnswer | undefined {
  const { token, isLoopback } = access
  if (token !== undefined) {
    const given = /^bearer +(.*)$/i.exec(caller.authorization ?? '')?.[1]
    if (given !== undefined && isSameToken(given, token)) return undefined
    return problemAnswer(
      'LIMPET_ADMIN_UNAUTHORIZED',
      'Send the LIMPET_ADMIN_TOKEN of the router as Authorization: Bearer TOKEN.',
      { 'www-authenticate': 'Bearer' },
    )
  }
  if (isLoopback) {
    if (isLoopbackHost(caller.host ?? '')) return undefined
    return problemAnswer(
      'LIMPET_ADMIN_HOST',
      'Ask for localhost, 127.0.0.1 or [::1], or set LIMPET_ADMIN_TOKEN.',
    )
  }
  if (caller.method === 'GET' || caller.method === 'HEAD') return undefined
  return problemAnswer(
    'LIMPET_ADMIN_FORBIDDEN',
    'Other machines reach this listener: start the router with LIMPET_ADMIN_TOKEN, or with --admin at 127.0.0.1.',
  )
}

/** Whether `address` is one of this machine's own, as `server.address()` gives it. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'))
}

function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase()
  return name === 'localhost' || name === '[::1]' || isLoopbackAddress(name)
}

/** Whether a field's value is the token. Compares digests, so that the time tells neither the length nor the beginning of the token. */
export function isSameToken(given: string, token: string): boolean {
  // Node reads fields as Latin-1, whatever the client's encoding was.
  return timingSafeEqual(digest(Buffer.from(given, 'latin1')), digest(Buffer.from(token)))
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

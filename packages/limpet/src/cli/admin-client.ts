import type { AdminProblem } from '../admin/admin-answer.ts'
import type { SessionEntry, SessionPage } from '../admin/sessions-view.ts'
import type { ListenAddress } from '../config/address.ts'
import { LimpetError } from '../errors.ts'
import type { ListFilter } from './sessions-flags.ts'

/** Asks a running router for its sessions. Everything rejects with LimpetError, whose message is for the operator. */
export interface AdminClient {
  list(filter: ListFilter): Promise<SessionPage>
  /** `name` is a hash or an id of `service`. */
  show(name: string, service: string | undefined): Promise<SessionEntry>
  /** Ends the session and resolves to what it was before. */
  close(name: string, service: string | undefined): Promise<SessionEntry>
}

const TIMEOUT_MS = 10_000

/** A client of the admin listener at `address`, which sends `token` where there is one. */
export function createAdminClient(address: ListenAddress, token: string | undefined): AdminClient {
  const host = address.host === '' ? '127.0.0.1' : address.host
  const place = `${host.includes(':') ? `[${host}]` : host}:${address.port}`

  async function ask<T>(method: string, path: string, query: ListFilter & { id?: string } = {}): Promise<T> {
    const url = `http://${place}${path}?${new URLSearchParams(query)}`
    // The token's bytes go as they are: a field's characters are bytes.
    const bearer = token && { authorization: `Bearer ${Buffer.from(token).toString('latin1')}` }
    let answer: Response
    let body: string
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      answer = await fetch(url, { method, redirect: 'manual', signal, headers: { ...bearer } })
      body = await answer.text()
    } catch (error) {
      throw unreachable(error)
    }
    const value = parsed(body)
    const isJson = /^application\/(?:problem\+)?json$/.test(answer.headers.get('content-type') ?? '')
    if (answer.status === 200 && isJson && value !== undefined) return value as T
    if (isJson && isProblem(value)) throw new LimpetError(value.code, `${value.title} ${value.detail}`)
    const message =
      `What answers at ${place} shows no sessions (status ${answer.status}). Name the admin listener of a router ` +
      'that does with --admin HOST:PORT; it is not where clients connect.'
    throw new LimpetError('LIMPET_ADMIN_UNKNOWN', message)
  }

  function unreachable(error: unknown): LimpetError {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    const isLate = error instanceof DOMException && error.name === 'TimeoutError'
    const why = isLate ? `no answer in ${TIMEOUT_MS / 1000} s` : reasonOf(cause)
    const message =
      `No router can be asked at ${place}: ${why}. Start it with limpet serve --admin, or name its admin ` +
      'listener with --admin HOST:PORT.'
    return new LimpetError('LIMPET_ADMIN_UNREACHABLE', message, { cause: error })
  }

  /** A hash names a session by itself; 32 digits that are none may still be an id. */
  async function one(
    method: 'GET' | 'DELETE',
    name: string,
    service: string | undefined,
  ): Promise<SessionEntry> {
    const asId = () =>
      ask<SessionEntry>(method, '/sessions', { id: name, ...(service !== undefined && { service }) })
    if (!/^[0-9a-f]{32}$/.test(name)) return asId()
    try {
      return await ask<SessionEntry>(method, `/sessions/${name}`)
    } catch (error) {
      if (!(error instanceof LimpetError) || error.code !== 'LIMPET_ADMIN_NO_SESSION') throw error
      return asId()
    }
  }

  return {
    list: (filter) => ask('GET', '/sessions', filter),
    show: (name, service) => one('GET', name, service),
    close: (name, service) => one('DELETE', name, service),
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function isProblem(value: unknown): value is AdminProblem {
  if (typeof value !== 'object' || value === null) return false
  const { title, detail, code } = value as Partial<Record<keyof AdminProblem, unknown>>
  return typeof title === 'string' && typeof detail === 'string' && typeof code === 'string'
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

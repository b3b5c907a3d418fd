import { randomBytes } from 'node:crypto'
import type { CookieConfig } from '../config/schema.ts'
import type { Keyring } from './keyring.ts'
import { type ClaimReader, createClaimReader, type RoutingClaim, sealClaim } from './routing-claim.ts'
import { findCookies } from './session-key.ts'

/** A session as its cookie tells it. */
export interface CookieSession {
  readonly claim: RoutingClaim
  readonly keyId: number
  /** Its idle life is over by the cookie, which knows nothing of uses that renewed none: see `read`. */
  readonly expired: boolean
}

/** What a request's Cookie field held of the router's own cookie. */
export type CookieState = 'none' | 'valid' | 'expired' | 'unknown'

/** The name that the cookie has unless the config gives another; under TLS it gets the `__Host-` prefix. */
const DEFAULT_NAME = 'limpet'
/** How many cookies of one name are looked at: the first valid one wins, and the work is bounded. */
const MOST_COOKIES = 4
/** A cookie is renewed when this share of its idle life is over, so that most answers carry none. */
const RENEW_AFTER = 0.1
const SESSION_ID_BYTES = 8

/** The router's own cookie for one service: who carries one goes home (idea 1 of the design: no state here). */
export class AffinityCookie {
  /** What the last `read` found, for the access log. */
  state: CookieState = 'none'
  readonly #config: CookieConfig
  readonly #keyring: Keyring
  readonly #service: string
  readonly #open: ClaimReader
  readonly #names: readonly string[]
  #randomness = Buffer.alloc(0)
  #randomAt = 0

  constructor(config: CookieConfig, keyring: Keyring, service: string) {
    this.#config = config
    this.#keyring = keyring
    this.#service = service
    this.#open = createClaimReader(keyring, service)
    const { name, pair } = config
    const names = name === DEFAULT_NAME ? [`__Host-${name}`, name] : [name]
    this.#names = pair ? [...names, `${name}SameSite`] : names
  }

  /**
   * The first valid session of a Cookie field's value, else the first that has expired, though not past its absolute
   * life: a tunnel keeps a session in use without renewing the cookie, so whoever knows the session's pin may take it
   * all the same. Forged and foreign cookies are as if absent.
   */
  read(field: string | undefined, nowMs: number): CookieSession | undefined {
    this.state = 'none'
    if (field === undefined) return undefined
    let expired: CookieSession | undefined
    for (const name of this.#names) {
      for (const value of findCookies(field, name, MOST_COOKIES)) {
        const opened = this.#open(value, nowMs)
        if ('claim' in opened) {
          const isOver = nowMs >= opened.claim.issuedAtMs + this.#config.absoluteMs
          if (opened.status === 'valid' && !isOver) {
            this.state = 'valid'
            return { ...opened, expired: false }
          }
          this.state = 'expired'
          if (!isOver) expired ??= { ...opened, expired: true }
        } else if (this.state === 'none') this.state = 'unknown'
      }
    }
    return expired
  }

  /** A new session's id: 16 hex digits. */
  createSessionId(): string {
    if (this.#randomAt === this.#randomness.length) {
      this.#randomness = randomBytes(SESSION_ID_BYTES * 512)
      this.#randomAt = 0
    }
    const start = this.#randomAt
    this.#randomAt += SESSION_ID_BYTES
    return this.#randomness.toString('hex', start, start + SESSION_ID_BYTES)
  }

  /** Whether the client needs a new cookie although its session stays: it ages, or an old key signed it. */
  needsRenewal(session: CookieSession, nowMs: number): boolean {
    if (session.keyId !== this.#keyring.keys[0].id) return true
    const { idleMs } = this.#config
    const endMs = session.claim.issuedAtMs + this.#config.absoluteMs
    if (session.claim.expiresAtMs >= endMs) return false
    return session.claim.expiresAtMs - nowMs < idleMs * (1 - RENEW_AFTER)
  }

  /**
   * The Set-Cookie lines that tie `sessionId` to the replica with `replicaTag` (RFC 6265 §4.1). `issuedAtMs` is
   * when the session began, which a renewal does not change.
   */
  lines(
    session: { sessionId: string; replicaTag: string; issuedAtMs: number; epoch: number },
    nowMs: number,
    overTls: boolean,
  ): string {
    const { idleMs, absoluteMs, persist } = this.#config
    const expiresAtMs = Math.min(nowMs + idleMs, session.issuedAtMs + absoluteMs)
    const value = sealClaim(this.#keyring, this.#service, { ...session, expiresAtMs })
    return this.#setCookie(value, persist ? Math.ceil((expiresAtMs - nowMs) / 1000) : undefined, overTls)
  }

  /** The Set-Cookie lines that take the cookie away again. */
  clearingLines(overTls: boolean): string {
    return this.#setCookie('', 0, overTls)
  }

  #setCookie(value: string, maxAgeSeconds: number | undefined, overTls: boolean): string {
    const config = this.#config
    const secure = config.secure === 'always' || (config.secure === 'auto' && overTls)
    const hostOnly = secure && config.path === '/' && config.domain === undefined
    const name = hostOnly && config.name === DEFAULT_NAME ? `__Host-${config.name}` : config.name
    let attributes = `; Path=${config.path}`
    if (config.domain !== undefined) attributes += `; Domain=${config.domain}`
    if (maxAgeSeconds !== undefined) attributes += `; Max-Age=${maxAgeSeconds}`
    attributes += '; HttpOnly'
    const sameSite = { lax: 'Lax', strict: 'Strict', none: 'None' }[config.sameSite]
    let lines = `Set-Cookie: ${name}=${value}${attributes}${secure ? '; Secure' : ''}; SameSite=${sameSite}\r\n`
    if (config.pair)
      lines += `Set-Cookie: ${config.name}SameSite=${value}${attributes}; Secure; SameSite=None\r\n`
    return lines
  }
}

import type { ServiceConfig } from '../config/schema.ts'
import { AffinityCookie, type CookieSession } from '../session/affinity-cookie.ts'
import type { KeyedRequest, KeyReader } from '../session/session-key.ts'
import type { Dialect, DialectParts, NamedSession, SessionState } from './dialect.ts'
import { readerOf } from './header.ts'
import { isNavigation } from './navigation.ts'

/** A session of the router's own cookie, with what it takes to write that anew. */
interface CookieNamed extends NamedSession {
  readonly sessionId: string
  readonly issuedAtMs: number
  /** The cookie as the client sent it; undefined for a session that begins. */
  readonly held: CookieSession | undefined
}

/**
 * Sessions of the router's own cookie, among others that the client names: the sources are asked in their
 * order, and who names no session is given a cookie, if it is one that may begin a session.
 */
export function createCookieDialect(service: ServiceConfig, parts: DialectParts): Dialect {
  const cookie = new AffinityCookie(service.cookie, parts.keyring, service.name)
  const { ttlMs, maxAgeMs } = service
  const { idleMs, absoluteMs, begins } = service.cookie
  const readers: (KeyReader | undefined)[] = service.session.map((source) =>
    source.kind === 'own-cookie' ? undefined : readerOf(source, parts),
  )

  function named(sessionId: string, issuedAtMs: number, held: CookieSession | undefined): CookieNamed {
    const carried = held && {
      keyId: held.keyId,
      replicaTag: held.claim.replicaTag,
      epoch: held.claim.epoch,
    }
    const key = `\0limpet\0${sessionId}`
    const isNew = held === undefined
    return { key, carried, isNew, ttlMs: idleMs, maxAgeMs: absoluteMs, sessionId, issuedAtMs, held }
  }

  function mayBegin(request: KeyedRequest): boolean {
    return begins === 'always' || isNavigation(request)
  }

  return {
    get state(): SessionState {
      return cookie.state
    },
    name(request, nowMs): NamedSession | undefined {
      let stale: CookieNamed | undefined
      for (const read of readers) {
        if (read === undefined) {
          const held = cookie.read(request.header('cookie'), nowMs)
          if (held === undefined) continue
          const session = named(held.claim.sessionId, held.claim.issuedAtMs, held)
          if (!held.expired) return session
          stale = session
        } else {
          const key = read(request)
          if (key !== undefined) return { key, carried: undefined, isNew: false, ttlMs, maxAgeMs }
        }
      }
      const begun = mayBegin(request) ? named(cookie.createSessionId(), nowMs, undefined) : undefined
      return stale === undefined ? begun : { ...stale, stale: true, otherwise: begun }
    },
    tell(session, home, nowMs, overTls): string {
      if (!isCookieNamed(session)) return ''
      const { held } = session
      const stays = held !== undefined && held.claim.epoch === home.epoch && isSameHome(held, home.replicaTag)
      if (stays && !cookie.needsRenewal(held, nowMs)) return ''
      const { sessionId, issuedAtMs } = session
      return cookie.lines({ sessionId, issuedAtMs, ...home }, nowMs, overTls)
    },
    end: (session, overTls) => (isCookieNamed(session) ? cookie.clearingLines(overTls) : ''),
  }

  /** Tags of different keys can't be compared; an old key's cookie is renewed for its key anyway. */
  function isSameHome(held: CookieSession, replicaTag: string): boolean {
    return held.keyId !== parts.keyring.keys[0].id || held.claim.replicaTag === replicaTag
  }
}

function isCookieNamed(session: NamedSession): session is CookieNamed {
  return 'sessionId' in session
}

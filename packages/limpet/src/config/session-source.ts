import { scalar, shown } from './field.ts'

/** What a session function sees of a request. Field names are case-insensitive. */
export interface SessionHead {
  readonly method: string
  /** The request target as it was sent, query included. */
  readonly target: string
  /** The value of a header field, several lines of it joined by `, `; undefined when it is absent. */
  header(name: string): string | undefined
}

/** Names the session of a request; undefined or an empty string when it has none. */
export type SessionFunction = (head: SessionHead) => string | undefined

/** Where a session's key comes from. `own-cookie` is the cookie that the router itself sets. */
export type SessionSourceConfig =
  | { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string }
  | { readonly kind: 'bearer' | 'ip' }
  | { readonly kind: 'own-cookie' }
  /** `path` is absolute once the config is loaded. */
  | { readonly kind: 'module'; readonly path: string }
  | { readonly kind: 'function'; readonly nameSession: SessionFunction }

/** How a source is written: a string, or in the library a function too. */
export type SessionSourceInput = string | SessionFunction

const forms = 'header:NAME, cookie:NAME, query:NAME, bearer, ip, cookie or module:PATH'

/** RFC 9110, section 5.6.2: what a header field or a cookie can be named. */
export const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** One of the places a session's key can come from. */
export function sessionSourceField() {
  const doc = {
    title: 'session source',
    pattern: '^(?:header:.+|cookie:.+|query:.+|module:.+|bearer|ip|cookie)$',
    examples: [
      'header:x-session-id',
      'cookie:sid',
      'query:session',
      'bearer',
      'ip',
      'cookie',
      'module:./session.ts',
    ],
  }
  return scalar<SessionSourceInput, SessionSourceConfig>(doc, (value, fault) => {
    if (typeof value === 'function') return { kind: 'function', nameSession: value as SessionFunction }
    const source = typeof value === 'string' ? parseSessionSource(value) : undefined
    return source ?? fault(`must be ${forms}, not ${shown(value)}`)
  })
}

/** The source that `text` names; undefined when it names none. Header names come out in lower case. */
export function parseSessionSource(text: string): SessionSourceConfig | undefined {
  if (text === 'bearer' || text === 'ip') return { kind: text }
  if (text === 'cookie') return { kind: 'own-cookie' }
  const colon = text.indexOf(':')
  const kind = text.slice(0, colon)
  const name = text.slice(colon + 1)
  if (colon === -1 || name === '' || name.length > 256) return undefined
  if (kind === 'module') return { kind, path: name }
  if (kind === 'query') return { kind, name }
  if (kind !== 'header' && kind !== 'cookie') return undefined
  if (!tokenPattern.test(name)) return undefined
  return { kind, name: kind === 'header' ? name.toLowerCase() : name }
}

/** One source, or several in order. */
export type Sources = SessionSourceConfig | readonly SessionSourceConfig[]

/** The sources as a list. */
export function listOf(sources: Sources): readonly SessionSourceConfig[] {
  return 'kind' in sources ? [sources] : sources
}

import type { SessionFunction, SessionHead } from '../config/schema.ts'

/** What a session's key can be read from. */
export interface KeyedRequest extends SessionHead {
  readonly peerAddress: string
}

/** A source of session keys that needs nothing but the request. */
export type KeySource =
  | { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string }
  | { readonly kind: 'bearer' | 'ip' }
  | { readonly kind: 'function'; readonly nameSession: SessionFunction }

/** Reads a session's key; undefined when the request has none. May throw what a user's function throws. */
export type KeyReader = (request: KeyedRequest) => string | undefined

/**
 * The reader of one source. A key that a client chose is the same session by whatever source it comes, since
 * a browser can set a header on a request but only a query parameter on a WebSocket; credentials and
 * addresses are kept apart from those by a prefix that no header can hold.
 */
export function createKeyReader(source: KeySource): KeyReader {
  switch (source.kind) {
    case 'header':
      return (request) => request.header(source.name) || undefined
    case 'cookie':
      return (request) => findCookies(request.header('cookie'), source.name, 1)[0] || undefined
    case 'query':
      return (request) => findQueryValue(request.target, source.name) || undefined
    case 'bearer':
      return (request) => prefixed('bearer', credential(request.header('authorization')))
    case 'ip':
      return (request) => prefixed('ip', request.peerAddress)
    case 'function':
      return (request) => {
        const key: unknown = source.nameSession(request)
        if (key === undefined || key === null || key === '') return undefined
        // A promise, turned into text, would be the same session for everyone.
        if (typeof key !== 'string')
          throw new TypeError(`A session function must return a string or undefined, not ${kindOf(key)}.`)
        // Keys are hashed byte by byte; what a function returns may hold any character.
        return Buffer.from(key, 'utf8').toString('latin1')
      }
  }
}

function kindOf(value: unknown): string {
  return value instanceof Promise ? 'a promise' : typeof value
}

function prefixed(kind: string, key: string | undefined): string | undefined {
  return key ? `\0${kind}\0${key}` : undefined
}

/** The token of `Bearer TOKEN` (RFC 6750 §2.1), or the whole value for other schemes. */
function credential(authorization: string | undefined): string | undefined {
  return authorization?.replace(/^bearer +/i, '')
}

/**
 * The values of the cookie `name` in a Cookie field, at most `most` of them, in their order (RFC 6265 §5.4).
 * Work is bounded by the field's length.
 */
export function findCookies(field: string | undefined, name: string, most: number): string[] {
  const values: string[] = []
  if (field === undefined) return values
  let at = 0
  while (at < field.length && values.length < most) {
    let end = field.indexOf(';', at)
    if (end === -1) end = field.length
    while (field.charCodeAt(at) === 32) at++
    if (field.startsWith(name, at) && field.charCodeAt(at + name.length) === 61) {
      const value = field.slice(at + name.length + 1, end).trim()
      values.push(value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value)
    }
    at = end + 1
  }
  return values
}

/** The first value of a query parameter, decoded as forms are. */
function findQueryValue(target: string, name: string): string | undefined {
  const question = target.indexOf('?')
  if (question === -1) return undefined
  const query = target.slice(question + 1)
  // Nothing to decode and no such name: the usual case, without an object.
  if (!query.includes(name) && !query.includes('%') && !query.includes('+')) return undefined
  const value = new URLSearchParams(query).get(name) ?? undefined
  return value && Buffer.from(value, 'utf8').toString('latin1')
}

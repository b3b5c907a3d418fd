import type { KeyedRequest } from '../../session/session-key.ts'

/** The field that names a session, from revision 2025-03-26 to 2025-11-25. */
export const SESSION_FIELD = 'mcp-session-id'

/** The first revision without sessions. Revisions are dates, so text order is theirs. */
const FIRST_MODERN = '2026-07-28'

/** Query parameters by which servers of HTTP+SSE (2024-11-05) name a session in the URL that clients post to. */
export const sessionParameters = ['sessionId', 'session_id'] as const

/**
 * What a request is, by its head alone: both eras and the transport before them share one endpoint.
 * `session`: it names a session. `post-to-stream`: it belongs to a stream of HTTP+SSE. `modern`: of a revision
 * without sessions. `post`: it may begin a session, which its content tells. `stream`: it may begin one of HTTP+SSE.
 */
export type RequestKind = 'session' | 'post-to-stream' | 'modern' | 'post' | 'stream' | 'other'

/** Tells what a request is. */
export function kindOf(request: KeyedRequest): RequestKind {
  if (request.header(SESSION_FIELD) !== undefined) return 'session'
  if (isModern(request)) return 'modern'
  if (request.method === 'POST')
    return findSessionParameter(request.target) === undefined ? 'post' : 'post-to-stream'
  const streams = request.method === 'GET' && /\btext\/event-stream\b/i.test(request.header('accept') ?? '')
  return streams ? 'stream' : 'other'
}

/** By the revision that a request tells; some clients send the fields of the new one with those before it too. */
function isModern(request: KeyedRequest): boolean {
  const version = request.header('mcp-protocol-version')
  if (version !== undefined && /^\d{4}-\d\d-\d\d$/.test(version)) return version >= FIRST_MODERN
  const method = request.header('mcp-method')
  return method !== undefined && method !== 'initialize'
}

/** A session's name in the query of a target or URL, where it stands. */
export interface SessionParameter {
  readonly value: string
  readonly from: number
  readonly to: number
}

const parameterPattern = new RegExp(`[?&](?:${sessionParameters.join('|')})=([^&#\\s]+)`)

/** Finds the query parameter that names a session of HTTP+SSE. */
export function findSessionParameter(url: string): SessionParameter | undefined {
  const found = parameterPattern.exec(url)
  if (found === null) return undefined
  const to = found.index + found[0].length
  const value = found[1]!
  return { value, from: to - value.length, to }
}

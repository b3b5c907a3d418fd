import { parseDuration } from '../config/duration.ts'
import { type AdminAnswer, jsonAnswer, problemAnswer } from './admin-answer.ts'
import type { SessionEntry, SessionFilter, SessionsView } from './sessions-view.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/**
 * Answers below `/sessions`:
 *
 * - `GET /sessions?service=NAME&replica=NAME&idle=DURATION&limit=N`: a SessionPage; every parameter may be absent,
 *   `limit` is 1 to 1000 and 100 by default.
 * - `GET /sessions/HASH` and `GET /sessions?service=NAME&id=ID`: a SessionEntry. With one service configured
 *   `service` may be absent.
 * - `DELETE` for the same two: ends the session, and answers with the SessionEntry as it was before.
 *
 * Everything else is a problem document.
 */
export async function answerSessions(view: SessionsView, method: string, url: URL): Promise<AdminAnswer> {
  const isDelete = method === 'DELETE'
  const path = /^\/sessions(?:\/(.*))?$/.exec(url.pathname)?.[1]
  if (!isDelete && method !== 'GET' && method !== 'HEAD') return refuseMethod('GET, HEAD, DELETE')
  if (path === undefined && !url.searchParams.has('id')) {
    if (isDelete) return refuseMethod('GET, HEAD')
    const filter = readFilter(view, url.searchParams)
    return 'status' in filter ? filter : jsonAnswer(await view.list(filter))
  }
  const hash = path === undefined ? hashOfId(view, url.searchParams) : readHash(path, url.searchParams)
  if (typeof hash !== 'string') return hash
  const entry: SessionEntry | undefined = await (isDelete ? view.close(hash) : view.find(hash))
  if (entry !== undefined) return jsonAnswer(entry)
  return problemAnswer(
    'LIMPET_ADMIN_NO_SESSION',
    'It expired, was never here, or its client carries its pin and the router keeps none.',
  )
}

function refuseMethod(allow: string): AdminAnswer {
  return problemAnswer('LIMPET_ADMIN_METHOD', `Use ${allow} here.`, { allow })
}

function readFilter(view: SessionsView, query: URLSearchParams): SessionFilter | AdminAnswer {
  const fault = faultOf(query, ['service', 'replica', 'idle', 'limit'])
  if (fault !== undefined) return fault
  const service = query.get('service')
  if (service !== null && !view.serviceNames().includes(service)) return refuseService(view, service)
  const replica = query.get('replica')
  const idle = query.get('idle')
  const minIdleMs = idle === null ? 0 : parseDuration(idle)
  if (minIdleMs === undefined)
    return problemAnswer('LIMPET_ADMIN_QUERY', 'idle must be a duration such as 20m or 500ms.')
  const limitText = query.get('limit') ?? `${DEFAULT_LIMIT}`
  const limit = Number(limitText)
  if (!/^\d{1,4}$/.test(limitText) || limit < 1 || limit > MAX_LIMIT)
    return problemAnswer('LIMPET_ADMIN_QUERY', `limit must be a number from 1 to ${MAX_LIMIT}.`)
  return { minIdleMs, limit, ...(service !== null && { service }), ...(replica !== null && { replica }) }
}

function readHash(path: string, query: URLSearchParams): string | AdminAnswer {
  const fault = faultOf(query, [])
  if (fault !== undefined) return fault
  if (/^[0-9a-f]{32}$/.test(path)) return path
  return problemAnswer('LIMPET_ADMIN_QUERY', 'A hash has 32 hexadecimal digits in lower case.')
}

function hashOfId(view: SessionsView, query: URLSearchParams): string | AdminAnswer {
  const fault = faultOf(query, ['service', 'id'])
  if (fault !== undefined) return fault
  const names = view.serviceNames()
  const service = query.get('service') ?? (names.length === 1 ? names[0] : undefined)
  if (service === undefined)
    return problemAnswer('LIMPET_ADMIN_SERVICE_NEEDED', `Name one of the services: ${names.join(', ')}.`)
  if (!names.includes(service)) return refuseService(view, service)
  const id = query.get('id') ?? ''
  return id === '' ? problemAnswer('LIMPET_ADMIN_QUERY', 'id must not be empty.') : view.hashOf(service, id)
}

function refuseService(view: SessionsView, name: string): AdminAnswer {
  const detail = `No service is named ${JSON.stringify(name)}; there are: ${view.serviceNames().join(', ')}.`
  return problemAnswer('LIMPET_ADMIN_NO_SERVICE', detail)
}

/** A misspelt filter that went unnoticed would list, or end, other sessions than were meant. */
function faultOf(query: URLSearchParams, known: readonly string[]): AdminAnswer | undefined {
  const names = [...query.keys()]
  const wrong = names.find((name, at) => !known.includes(name) || names.indexOf(name) !== at)
  if (wrong === undefined) return undefined
  const why = known.includes(wrong) ? 'stands there twice' : 'is not known here'
  return problemAnswer('LIMPET_ADMIN_QUERY', `The parameter ${JSON.stringify(wrong)} ${why}.`)
}

import { type RefusalCode, refusals } from '../../errors.ts'
import { type RefusalWriter, refusalText } from '../../http/refusal-response.ts'
import { asciiJson } from '../ascii-json.ts'

/** What the official SDKs answer for a session that is not there, with status 404. */
const SESSION_NOT_FOUND = -32001
/** "Internal error" (JSON-RPC 2.0 §5.1). */
const INTERNAL_ERROR = -32603
/** The range that is free for servers' own errors. */
const SERVER_ERROR = -32000

/** To clients these are all one: who may not use a session does not learn that there is one. */
const notFound: ReadonlySet<RefusalCode> = new Set([
  'LIMPET_SESSION_UNKNOWN',
  'LIMPET_SESSION_FORGED',
  'LIMPET_SESSION_FOREIGN',
  'LIMPET_SESSION_EXPIRED',
  'LIMPET_SESSION_CLOSED',
  'LIMPET_SESSION_GONE',
] satisfies RefusalCode[])

/** The replica may have executed the request: it failed, and the transport did not. */
const ambiguous: ReadonlySet<RefusalCode> = new Set([
  'LIMPET_REPLICA_RESET',
  'LIMPET_RESPONSE_TIMEOUT',
  'LIMPET_BAD_RESPONSE',
] satisfies RefusalCode[])

/**
 * Writes refusals as JSON-RPC errors. `idsOf` gives the ids of the requests that wait for responses. A request that
 * was lost with its replica is answered as one that failed, with 200: of a 5xx some clients make a broken transport, and
 * others wait for a response for ever (docs/decisions/0008).
 */
export function createRefusalWriter(idsOf: () => readonly (string | number)[]): RefusalWriter {
  return (code, details) => {
    const ids = idsOf()
    const isResponse = ambiguous.has(code) && ids.length > 0
    const status = isResponse ? 200 : notFound.has(code) ? 404 : refusals[code].status
    const body = errorResponses(ids.length === 0 ? [null] : ids, code)
    return { status, text: refusalText(status, 'Content-Type: application/json\r\n', body, details) }
  }
}

/** JSON-RPC error responses, in ASCII: one, or several as a batch. */
export function errorResponses(ids: readonly (string | number | null)[], code: RefusalCode): string {
  const errors = ids.map((id) => errorResponse(id, code))
  return errors.length === 1 ? errors[0]! : `[${errors.join(',')}]`
}

/** A JSON-RPC error response, in ASCII. */
export function errorResponse(id: string | number | null, code: RefusalCode): string {
  const isNotFound = notFound.has(code)
  const number = isNotFound ? SESSION_NOT_FOUND : ambiguous.has(code) ? INTERNAL_ERROR : SERVER_ERROR
  const message = isNotFound ? 'Session not found' : refusals[code].message
  // Which of the ways a session can be none of the client's is for the log alone.
  const error = isNotFound ? { code: number, message } : { code: number, message, data: { limpetCode: code } }
  return asciiJson({ jsonrpc: '2.0', id, error })
}

import { STATUS_CODES } from 'node:http'
import { type RefusalCode, refusals } from '../errors.ts'
import { httpDate } from './http-date.ts'

/** What Allow says: any method may be forwarded, but for the two that are not. */
export const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH'

/** Seconds that a client is told to wait before it asks again, where waiting can help. */
const RETRY_AFTER_SECONDS = 1

/** What a refusal depends on besides its code. */
export interface RefusalDetails {
  /** The request's Accept value, or empty. */
  readonly accept: string
  readonly keepAlive: boolean
  /** Whether the request was HEAD, so that the response must have no content. */
  readonly isHead: boolean
  /** Field lines to add, each with its CRLF. */
  readonly lines: string
}

/**
 * The whole response that refuses a request: JSON where the client accepts that and not text first, else plain
 * text.
 */
export function refusalResponse(code: RefusalCode, details: RefusalDetails): string {
  const { accept, keepAlive, isHead, lines } = details
  const { status, message } = refusals[code]
  const json = prefersJson(accept)
  const body = json ? `${JSON.stringify({ error: { code, message } })}\n` : `${code}: ${message}\n`
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`
  head += `Content-Type: ${json ? 'application/json' : 'text/plain'}; charset=utf-8\r\n`
  head += `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\n`
  if (status === 405) head += `Allow: ${ALLOWED_METHODS}\r\n`
  if (status === 503) head += `Retry-After: ${RETRY_AFTER_SECONDS}\r\n`
  head += `${lines}Date: ${httpDate(Date.now())}\r\nConnection: ${keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`
  return isHead ? head : head + body
}

/** Whether JSON stands in the Accept value and before any kind of text. */
function prefersJson(accept: string): boolean {
  const json = accept.search(/application\/(?:[\w.+-]*\+)?json/i)
  const text = accept.search(/text\//i)
  return json !== -1 && (text === -1 || json < text)
}

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

/** A refusal as it is sent. */
export interface RefusalResponse {
  readonly status: number
  /** The whole response, Latin-1. */
  readonly text: string
}

/** Makes the response that refuses a request. */
export type RefusalWriter = (code: RefusalCode, details: RefusalDetails) => RefusalResponse

/**
 * The whole response that refuses a request: JSON where the client accepts that and not text first, else plain
 * text.
 */
export const refusalResponse: RefusalWriter = (code, details) => {
  const { status, message } = refusals[code]
  const json = prefersJson(details.accept)
  const body = json ? `${JSON.stringify({ error: { code, message } })}\n` : `${code}: ${message}\n`
  let lines = `Content-Type: ${json ? 'application/json' : 'text/plain'}; charset=utf-8\r\n`
  if (status === 405) lines += `Allow: ${ALLOWED_METHODS}\r\n`
  return { status, text: refusalText(status, lines, body, details) }
}

/** The text of a refusal with this status, content (Latin-1) and field lines that describe the content. */
export function refusalText(status: number, lines: string, body: string, details: RefusalDetails): string {
  const { keepAlive, isHead } = details
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}`
  head += `Content-Length: ${body.length}\r\nCache-Control: no-store\r\n`
  if (status === 503) head += `Retry-After: ${RETRY_AFTER_SECONDS}\r\n`
  head += `${details.lines}Date: ${httpDate(Date.now())}\r\n`
  head += `Connection: ${keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`
  return isHead ? head : head + body
}

/** Whether JSON stands in the Accept value and before any kind of text. */
function prefersJson(accept: string): boolean {
  const json = accept.search(/application\/(?:[\w.+-]*\+)?json/i)
  const text = accept.search(/text\//i)
  return json !== -1 && (text === -1 || json < text)
}

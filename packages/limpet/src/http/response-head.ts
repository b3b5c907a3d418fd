import { addConnectionOptions } from './connection-options.ts'
import { FieldBlock } from './field-block.ts'
import { BAD_LENGTH, parseContentLength, parseTransferEncoding } from './framing.ts'
import { FIELD } from './header-names.ts'

const MAX_FIELDS = 500
const NO_CONTENT = -1
/** What may follow the status: nothing, or a space and a reason phrase. */
const REASON = /^(?: [\t\x20-\x7e\x80-\xff]*)?$/
const STATUS_AT = 9
const REASON_AT = 12

/** One response head, parsed strictly; a parser and its result as `RequestHead` is. */
export class ResponseHead {
  readonly fields = new FieldBlock()
  status = 0
  reason = ''
  minor = 1
  /** Just past the status line's CRLF, counted from the head's first byte. */
  firstFieldAt = 0
  /** The content's length in bytes, or -1 where the response has no Content-Length. */
  contentLength = NO_CONTENT
  chunked = false
  keepAlive = true
  /** Whether the content is an event stream (`text/event-stream`), which may be silent for long. */
  eventStream = false
  hasDate = false
  /** The seconds of `Keep-Alive: timeout=N`, or -1. */
  keepAliveSeconds = -1
  /** Whether the response says `private` or `no-store` of itself. */
  uncacheable = false
  readonly connection = { close: false, keepAlive: false, upgrade: false, named: [] as string[] }

  /** Parses `bytes[start, end)`, a head with its empty line. False where it is not valid (RFC 9112 §4–6). */
  parse(bytes: Buffer, start: number, end: number): boolean {
    const fields = this.fields
    const text = bytes.toString('latin1', start, end)
    fields.text = text
    const lineEnd = text.indexOf('\r\n')
    if (!this.#parseStatusLine(text, lineEnd)) return false
    this.firstFieldAt = lineEnd + 2
    if (!fields.read(bytes, start, start + lineEnd + 2, end - 2, MAX_FIELDS)) return false
    if (fields.count > MAX_FIELDS) return false
    return this.#readFields()
  }

  /** `HTTP/1.x SP status [SP reason]`; some servers leave out the last space. */
  #parseStatusLine(text: string, lineEnd: number): boolean {
    if (text.startsWith('HTTP/1.1 ')) this.minor = 1
    else if (text.startsWith('HTTP/1.0 ')) this.minor = 0
    else return false
    const hundreds = text.charCodeAt(STATUS_AT) - 48
    const tens = text.charCodeAt(STATUS_AT + 1) - 48
    const ones = text.charCodeAt(STATUS_AT + 2) - 48
    const isStatus = hundreds > 0 && hundreds < 10 && tens >= 0 && tens < 10 && ones >= 0 && ones < 10
    if (!isStatus || lineEnd < REASON_AT) return false
    this.status = hundreds * 100 + tens * 10 + ones
    this.reason = text.slice(REASON_AT + 1, lineEnd)
    return REASON.test(text.slice(REASON_AT, lineEnd))
  }

  #readFields(): boolean {
    const { fields, connection } = this
    connection.close = connection.keepAlive = connection.upgrade = false
    connection.named.length = 0
    this.contentLength = NO_CONTENT
    this.chunked = this.eventStream = this.uncacheable = this.hasDate = false
    this.keepAliveSeconds = -1
    let lengths = 0
    let codings = 0
    for (let field = 0; field < fields.count; field++) {
      switch (fields.number[field]) {
        case FIELD.connection:
          addConnectionOptions(connection, fields.value(field))
          break
        case FIELD['content-length']: {
          const length = parseContentLength(fields.value(field))
          // Equal repeats come from real servers; RFC 9112 §6.3 lets a recipient take them as one.
          if (length === BAD_LENGTH || (lengths > 0 && length !== this.contentLength)) return false
          lengths++
          this.contentLength = length
          break
        }
        case FIELD['transfer-encoding']:
          if (++codings > 1 || parseTransferEncoding(fields.value(field)) !== 'chunked') return false
          if (fields.hasTabBehind(field)) return false
          this.chunked = true
          break
        case FIELD['keep-alive']:
          this.keepAliveSeconds = Number(/timeout=(\d{1,6})/.exec(fields.value(field))?.[1] ?? -1)
          break
        case FIELD['content-type']:
          this.eventStream = /^text\/event-stream\b/i.test(fields.value(field))
          break
        case FIELD.date:
          this.hasDate = true
          break
        case FIELD['cache-control']:
          this.uncacheable ||= /\b(?:no-store|private)\b/i.test(fields.value(field))
          break
      }
    }
    if (this.chunked && (lengths > 0 || this.minor === 0)) return false
    this.keepAlive = !connection.close && (this.minor === 1 || connection.keepAlive)
    return true
  }

  /** Whether a final response to `method` has no content, whatever its fields say (RFC 9112 §6.3). */
  hasNoContent(method: string): boolean {
    const status = this.status
    return method === 'HEAD' || status === 204 || status === 304 || status < 200
  }
}

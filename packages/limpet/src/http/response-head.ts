import { CR, FIELD_VALUE, LF, SP } from './characters.ts'
import { addConnectionOptions } from './connection-options.ts'
import { BAD_HEAD, FieldBlock, INCOMPLETE } from './field-block.ts'
import { BAD_LENGTH, parseContentLength, parseTransferEncoding } from './framing.ts'
import { FIELD } from './header-names.ts'

const MAX_FIELDS = 500
const NO_CONTENT = -1
const DIGIT = 48
const LOWER_T = 116
const VERSION = Buffer.from('HTTP/1.')
/** Where the reason phrase starts, if there is one. */
const REASON_AT = 13

/** One response head, parsed strictly; a parser and its result as `RequestHead` is. */
export class ResponseHead {
  readonly fields = new FieldBlock()
  status = 0
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
  readonly connection = { close: false, keepAlive: false, upgrade: false, named: [] as string[] }

  /**
   * Parses the head that begins at `start` in `bytes[start, end)`; `bytes[end]` is 0 or not there. Returns the
   * offset just past its empty line, `INCOMPLETE` or `BAD_HEAD` (RFC 9112 §4–6).
   */
  parse(bytes: Buffer, start: number, end: number): number {
    const fields = this.fields
    const fieldsAt = this.#parseStatusLine(bytes, start, end)
    if (fieldsAt < 0) return fieldsAt
    const headEnd = fields.read(bytes, start, fieldsAt, end, MAX_FIELDS)
    if (headEnd < 0) return headEnd === INCOMPLETE ? INCOMPLETE : BAD_HEAD
    fields.text = bytes.toString('latin1', start, headEnd)
    this.firstFieldAt = fieldsAt - start
    return this.#readFields() ? headEnd : BAD_HEAD
  }

  /** The same head in an object of its own, for whoever needs it longer. */
  copy(): ResponseHead {
    const copy = new ResponseHead()
    const text = Buffer.from(this.fields.text, 'latin1')
    copy.parse(text, 0, text.length)
    return copy
  }

  /** `HTTP/1.x SP status [SP reason] CRLF`; some servers leave out the last space. */
  #parseStatusLine(bytes: Buffer, start: number, end: number): number {
    let at = start
    for (let place = 0; place < VERSION.length; place++, at++)
      if (bytes[at] !== VERSION[place]) return stopAt(at, end)
    this.minor = bytes[at]! - DIGIT
    if (this.minor !== 0 && this.minor !== 1) return stopAt(at, end)
    if (bytes[++at] !== SP) return stopAt(at, end)
    let status = 0
    for (let place = 0; place < 3; place++) {
      const digit = bytes[++at]! - DIGIT
      if (!(digit >= 0 && digit <= 9)) return stopAt(at, end)
      status = status * 10 + digit
    }
    if (status < 100) return BAD_HEAD
    this.status = status
    if (bytes[++at] === SP) while (FIELD_VALUE[bytes[++at]!] === 1);
    if (bytes[at] !== CR) return stopAt(at, end)
    if (bytes[at + 1] !== LF) return stopAt(at + 1, end)
    return at + 2
  }

  #readFields(): boolean {
    const { fields, connection } = this
    connection.close = connection.keepAlive = connection.upgrade = false
    if (connection.named.length > 0) connection.named.length = 0
    this.contentLength = NO_CONTENT
    this.chunked = this.eventStream = this.hasDate = false
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
          // Of the few media types that begin so, the expression looks at the whole.
          if ((fields.text.charCodeAt(fields.valueStart[field]!) | 32) === LOWER_T)
            this.eventStream = /^text\/event-stream\b/i.test(fields.value(field))
          break
        case FIELD.date:
          this.hasDate = true
          break
      }
    }
    if (this.chunked && (lengths > 0 || this.minor === 0)) return false
    this.keepAlive = !connection.close && (this.minor === 1 || connection.keepAlive)
    return true
  }

  /** The reason phrase; may be empty. */
  get reason(): string {
    return this.fields.text.slice(REASON_AT, this.firstFieldAt - 2)
  }

  /** Whether the response says `private` or `no-store` of itself. */
  get uncacheable(): boolean {
    const { fields } = this
    for (let field = 0; field < fields.count; field++)
      if (
        fields.number[field] === FIELD['cache-control'] &&
        /\b(?:no-store|private)\b/i.test(fields.value(field))
      )
        return true
    return false
  }

  /** Whether a final response to `method` has no content, whatever its fields say (RFC 9112 §6.3). */
  hasNoContent(method: string): boolean {
    const status = this.status
    return method === 'HEAD' || status === 204 || status === 304 || status < 200
  }
}

/** The line can't go on with the byte at `at`, unless that has not come yet. */
function stopAt(at: number, end: number): number {
  return at >= end ? INCOMPLETE : BAD_HEAD
}

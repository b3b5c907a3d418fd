import type { RefusalCode } from '../errors.ts'
import { CR, LF, SP, TARGET, TOKEN } from './characters.ts'
import { addConnectionOptions } from './connection-options.ts'
import { FieldBlock, INCOMPLETE, TOO_MANY } from './field-block.ts'
import { BAD_LENGTH, parseContentLength, parseTransferEncoding } from './framing.ts'
import { FIELD } from './header-names.ts'
import { isValidHost } from './host.ts'

/** Bounds of a request head; all configurable (`limits` in the config). */
export interface HeadLimits {
  readonly headBytes: number
  readonly headerCount: number
  readonly targetBytes: number
}

const SLASH = 47
const ASTERISK = 42
const NO_CONTENT = -1
/** Stands for any digit in `VERSION`. */
const DIGIT = 48
const VERSION = Buffer.from('HTTP/0.0')
/** What follows the target in its line: a space, the version and CRLF. */
const LINE_REST = 1 + VERSION.length + 2

/** What `parse` returns for a head that must be refused. */
export const REFUSED = -2

/**
 * One request head, parsed strictly by RFC 9112 in one pass. An object of this class is a parser and its
 * result: `parse` fills it anew, and what it tells holds until the next `parse`.
 */
export class RequestHead {
  readonly fields = new FieldBlock()
  /** Why the last head was refused, where it was. */
  refusal: RefusalCode = 'LIMPET_BAD_REQUEST'
  method = ''
  /** The target to forward, in origin form or `*`. */
  target = ''
  /** Whether the request line can be forwarded as it came: origin form and HTTP/1.1. */
  verbatim = false
  /** Just past the request line's CRLF, counted from the head's first byte. */
  firstFieldAt = 0
  /** The address of the client's end of the connection; set by the connection. */
  peerAddress = ''
  /** 0 or 1, of HTTP/1.x. */
  minor = 1
  /** The valid Host, from the target where that is absolute (RFC 9112 §3.2.2); empty only for HTTP/1.0. */
  host = ''
  /** The content's length in bytes, or -1 where the request has no Content-Length. */
  contentLength = NO_CONTENT
  chunked = false
  /** Whether the client will send another request on its connection. */
  keepAlive = true
  /** Max-Forwards of an OPTIONS request (RFC 9110 §7.6.2), or -1. */
  maxForwards = -1
  /** The Upgrade value where the request asks for a protocol switch that a proxy passes on, else empty. */
  upgrade = ''
  /** Whether it passed another proxy that says so. */
  hasVia = false
  /** Fields named in Connection, which are for this hop alone. */
  readonly connection = { close: false, keepAlive: false, upgrade: false, named: [] as string[] }
  #methodEnd = 0

  /** The value of the field `name` in any letter case; several lines are joined (RFC 9110 §5.3, RFC 6265 §5.4). */
  header(name: string): string | undefined {
    const { fields } = this
    const lower = name.toLowerCase()
    const first = fields.indexOf(lower, 0)
    if (first === -1) return undefined
    let value = fields.value(first)
    for (let next = fields.indexOf(lower, first + 1); next !== -1; next = fields.indexOf(lower, next + 1))
      value += (lower === 'cookie' ? '; ' : ', ') + fields.value(next)
    return value
  }

  /**
   * Parses the head that begins at `start` in `bytes[start, end)`; `bytes[end]` is 0 or not there. Returns the
   * offset just past its empty line, `INCOMPLETE` where more bytes are needed to tell, or `REFUSED`: then
   * `refusal` holds the code.
   */
  parse(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
    this.#reset()
    const fieldsAt = this.#parseRequestLine(bytes, start, end, limits)
    if (fieldsAt < 0) return fieldsAt
    const { fields } = this
    const headEnd = fields.read(bytes, start, fieldsAt, end, limits.headerCount)
    if (headEnd === INCOMPLETE) return INCOMPLETE
    if (headEnd < 0)
      return this.#refuse(headEnd === TOO_MANY ? 'LIMPET_HEAD_TOO_LARGE' : 'LIMPET_BAD_REQUEST')
    if (headEnd - start > limits.headBytes) return this.#refuse('LIMPET_HEAD_TOO_LARGE')
    const text = bytes.toString('latin1', start, headEnd)
    fields.text = text
    this.firstFieldAt = fieldsAt - start
    this.method = text.slice(0, this.#methodEnd)
    if (this.method === 'CONNECT' || this.method === 'TRACE') return this.#refuse('LIMPET_METHOD_NOT_ALLOWED')
    const refusal =
      this.#readTarget(text.slice(this.#methodEnd + 1, this.firstFieldAt - LINE_REST)) ?? this.#readFields()
    return refusal === undefined ? headEnd : this.#refuse(refusal)
  }

  #refuse(code: RefusalCode): number {
    this.refusal = code
    return REFUSED
  }

  #reset(): void {
    this.host = ''
    this.contentLength = NO_CONTENT
    this.chunked = false
    this.maxForwards = -1
    this.upgrade = ''
    const connection = this.connection
    connection.close = connection.keepAlive = connection.upgrade = false
    // Setting the length of an array is a slow call, even to what it is.
    if (connection.named.length > 0) connection.named.length = 0
    this.hasVia = false
  }

  /** `method SP request-target SP HTTP-version CRLF`, single spaces only (RFC 9112 §3). */
  #parseRequestLine(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
    let at = start
    while (TOKEN[bytes[at]!] === 1) at++
    if (bytes[at] !== SP || at === start) return this.#stopAt(at, end)
    this.#methodEnd = at - start
    const targetAt = ++at
    while (TARGET[bytes[at]!] === 1) at++
    if (at - targetAt > limits.targetBytes) return this.#refuse('LIMPET_TARGET_TOO_LONG')
    if (bytes[at] !== SP || at === targetAt) return this.#stopAt(at, end)
    at++
    for (let place = 0; place < VERSION.length; place++, at++)
      if (bytes[at] !== VERSION[place] && !(VERSION[place] === DIGIT && isDigit(bytes[at]!)))
        return this.#stopAt(at, end)
    if (bytes[at] !== CR) return this.#stopAt(at, end)
    if (bytes[at + 1] !== LF) return this.#stopAt(at + 1, end)
    const major = bytes[at - 3]! - DIGIT
    this.minor = bytes[at - 1]! - DIGIT
    if (major !== 1 || this.minor > 1) return this.#refuse('LIMPET_VERSION_NOT_SUPPORTED')
    this.verbatim = this.minor === 1
    return at + 2
  }

  /** The line can't go on with the byte at `at`, unless that has not come yet. */
  #stopAt(at: number, end: number): number {
    return at >= end ? INCOMPLETE : this.#refuse('LIMPET_BAD_REQUEST')
  }

  #readTarget(target: string): RefusalCode | undefined {
    this.target = target
    const firstByte = target.charCodeAt(0)
    if (firstByte === SLASH) return undefined
    if (firstByte === ASTERISK && target.length === 1 && this.method === 'OPTIONS') return undefined
    const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target)
    if (absolute === null) return 'LIMPET_BAD_REQUEST'
    this.host = absolute[1]!
    if (!isValidHost(this.host)) return 'LIMPET_BAD_HOST'
    const rest = absolute[2]!
    if (rest === '' && this.method === 'OPTIONS') this.target = '*'
    else this.target = rest.startsWith('/') ? rest : `/${rest}`
    this.verbatim = false
    return undefined
  }

  #readFields(): RefusalCode | undefined {
    const fields = this.fields
    let hosts = 0
    let codings = 0
    let lengths = 0
    let hostLine = ''
    let upgrade = ''
    for (let field = 0; field < fields.count; field++) {
      switch (fields.number[field]) {
        case FIELD.host:
          hosts++
          hostLine = fields.value(field)
          break
        case FIELD.connection:
          addConnectionOptions(this.connection, fields.value(field))
          break
        case FIELD['content-length']:
          lengths++
          this.contentLength = parseContentLength(fields.value(field))
          if (this.contentLength === BAD_LENGTH) return 'LIMPET_BAD_FRAMING'
          break
        case FIELD['transfer-encoding']: {
          codings++
          const coding = parseTransferEncoding(fields.value(field))
          if (coding === 'bad' || this.minor === 0 || fields.hasTabBehind(field)) return 'LIMPET_BAD_FRAMING'
          if (coding === 'unsupported') return 'LIMPET_CODING_NOT_SUPPORTED'
          this.chunked = true
          break
        }
        case FIELD['max-forwards']:
          if (this.method === 'OPTIONS') this.maxForwards = parseContentLength(fields.value(field))
          break
        case FIELD.via:
          this.hasVia = true
          break
        case FIELD.upgrade:
          upgrade = fields.value(field)
          break
      }
    }
    if (hosts > 1 || (hosts === 0 && this.minor === 1)) return 'LIMPET_BAD_HOST'
    if (hosts === 1 && !isValidHost(hostLine)) return 'LIMPET_BAD_HOST'
    if (this.host === '') this.host = hostLine
    if (lengths > 1 || codings > 1 || (lengths === 1 && codings === 1)) return 'LIMPET_BAD_FRAMING'
    if (this.maxForwards === BAD_LENGTH) return 'LIMPET_BAD_REQUEST'
    const { connection } = this
    this.keepAlive = !connection.close && (this.minor === 1 || connection.keepAlive)
    // h2c is not passed on: it would let a client speak HTTP/2 past every rule of this router.
    if (connection.upgrade && this.minor === 1 && upgrade !== '' && !/\bh2c?\b/i.test(upgrade))
      this.upgrade = upgrade
    return undefined
  }
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT && byte <= 57
}

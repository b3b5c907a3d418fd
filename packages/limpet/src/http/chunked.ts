import { type BodyReader, MALFORMED } from './body.ts'
import { CR, FIELD_VALUE, HEX, LF } from './characters.ts'
import type { Content } from './content.ts'
import { forwardTrailers } from './trailers.ts'

const ZERO = 48
const SEMICOLON = 59
/** 2^52 bytes in one chunk: enough, and exact as a number. */
const MAX_SIZE_DIGITS = 13
/** Extensions mean nothing to a proxy; a sender that spends more than this on them is wasting our time. */
const MAX_EXTENSION_BYTES = 4096
const MAX_TRAILER_BYTES = 8192

const SIZE = 0
const EXTENSION = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILERS = 6
const DONE = 7

/**
 * Reads chunked content (RFC 9112 §7.1), strictly: no white space in a size line, CRLF and nothing else ends a
 * line. `verbatim` forwards the chunks as they came, without extensions and with safe trailers only;
 * otherwise the decoded data alone is forwarded (to HTTP/1.0 clients).
 */
export class ChunkedReader implements BodyReader {
  readonly #verbatim: boolean
  readonly #hopNames: readonly string[]
  #state = SIZE
  #digits = 0
  #left = 0
  #extensionBytes = 0
  /** The bytes of the trailer section so far, Latin-1. */
  #trailers = ''
  /** Where the bytes begin that can be forwarded as they came, in the chunk being read; -1: nowhere. */
  #runAt = -1

  /** `hopNames`: fields that Connection names, lower case; trailers of these names are dropped. */
  constructor(verbatim: boolean, hopNames: readonly string[] = []) {
    this.#verbatim = verbatim
    this.#hopNames = hopNames.length === 0 ? hopNames : [...hopNames]
  }

  get done(): boolean {
    return this.#state === DONE
  }

  read(chunk: Buffer, start: number, end: number, out: Content): number {
    let at = start
    // A size line that began in an earlier read was held back, so this read's first run begins after it.
    this.#runAt = this.#state === DATA || this.#state === DATA_CR || this.#state === DATA_LF ? at : -1
    let lineAt = -1
    while (at < end) {
      switch (this.#state) {
        case SIZE: {
          if (this.#digits === 0) {
            lineAt = at
            if (this.#isPlainEnd(chunk, at, end)) {
              if (this.#verbatim) out.add(chunk, this.#runAt === -1 ? at : this.#runAt, at + 5)
              this.#state = DONE
              return at + 5
            }
          }
          const byte = chunk[at++]!
          const digit = HEX[byte]!
          if (digit !== 255) {
            if (++this.#digits > MAX_SIZE_DIGITS) return MALFORMED
            this.#left = this.#left * 16 + digit
          } else if (this.#digits === 0) return MALFORMED
          else if (byte === CR) this.#state = SIZE_LF
          else if (byte === SEMICOLON) {
            this.#endRun(chunk, lineAt, out)
            lineAt = -1
            this.#state = EXTENSION
          } else return MALFORMED
          break
        }
        case EXTENSION: {
          const byte = chunk[at++]!
          if (byte === CR) this.#state = SIZE_LF
          else if (FIELD_VALUE[byte] !== 1 || ++this.#extensionBytes > MAX_EXTENSION_BYTES) return MALFORMED
          break
        }
        case SIZE_LF: {
          if (chunk[at++] !== LF) return MALFORMED
          this.#digits = 0
          if (this.#left === 0) {
            this.#endRun(chunk, lineAt, out)
            this.#state = TRAILERS
            break
          }
          this.#beginRun(chunk, lineAt, at, out)
          this.#state = DATA
          break
        }
        case DATA: {
          const taken = Math.min(this.#left, end - at)
          if (!this.#verbatim) out.add(chunk, at, at + taken)
          at += taken
          this.#left -= taken
          if (this.#left === 0) this.#state = DATA_CR
          break
        }
        case DATA_CR:
          if (chunk[at++] !== CR) return MALFORMED
          this.#state = DATA_LF
          break
        case DATA_LF:
          if (chunk[at++] !== LF) return MALFORMED
          this.#state = SIZE
          break
        default:
          return this.#readTrailers(chunk, at, end, out)
      }
    }
    const held = this.#state === SIZE && this.#digits > 0 ? lineAt : this.#state === SIZE_LF ? lineAt : end
    this.#endRun(chunk, held, out)
    return end
  }

  /** The usual end, `0 CRLF CRLF` in one piece. */
  #isPlainEnd(chunk: Buffer, at: number, end: number): boolean {
    return (
      at + 5 <= end &&
      chunk[at] === ZERO &&
      chunk[at + 1] === CR &&
      chunk[at + 2] === LF &&
      chunk[at + 3] === CR &&
      chunk[at + 4] === LF
    )
  }

  /** Ends the run before `at` (or at once, when it ended earlier). */
  #endRun(chunk: Buffer, at: number, out: Content): void {
    if (this.#verbatim && this.#runAt !== -1) out.add(chunk, this.#runAt, at)
    this.#runAt = -1
  }

  /** Goes on or begins anew after a size line that ended at `dataAt`. */
  #beginRun(chunk: Buffer, lineAt: number, dataAt: number, out: Content): void {
    if (!this.#verbatim) return
    const whole = lineAt !== -1 && dataAt > lineAt
    if (whole && this.#runAt !== -1) return
    if (whole) {
      this.#runAt = lineAt
      return
    }
    // The line had an extension or came in pieces: it is written anew.
    this.#endRun(chunk, dataAt, out)
    const line = Buffer.from(`${this.#left.toString(16)}\r\n`, 'latin1')
    out.add(line, 0, line.length)
    this.#runAt = dataAt
  }

  #readTrailers(chunk: Buffer, start: number, end: number, out: Content): number {
    let at = start
    while (at < end) {
      let lineEnd = at
      while (lineEnd < end && chunk[lineEnd] !== LF) lineEnd++
      const whole = lineEnd < end
      if (whole) lineEnd++
      if (this.#trailers.length + lineEnd - at > MAX_TRAILER_BYTES) return MALFORMED
      this.#trailers += chunk.toString('latin1', at, lineEnd)
      at = lineEnd
      if (!whole) break
      if (!this.#trailers.endsWith('\r\n')) return MALFORMED
      if (this.#trailers !== '\r\n' && !this.#trailers.endsWith('\r\n\r\n')) continue
      const forwarded = forwardTrailers(this.#trailers, this.#hopNames)
      if (forwarded === undefined) return MALFORMED
      if (this.#verbatim) {
        const section = Buffer.from(`0\r\n${forwarded}\r\n`, 'latin1')
        out.add(section, 0, section.length)
      }
      this.#state = DONE
      return at
    }
    return at
  }
}

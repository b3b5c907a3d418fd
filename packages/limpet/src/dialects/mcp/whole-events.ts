import type { Content } from '../../http/content.ts'
import { HeldBytes } from '../../http/held-bytes.ts'

const LF = 10
const CR = 13

/** The longest event that is kept until it is whole, in bytes. */
const MOST_EVENT_BYTES = 1024 * 1024
/** The most of an empty line and the line end before it that can have come before the last byte of them. */
const MOST_LINE_ENDS = 3
const COMMENT = Buffer.from(': limpet\n\n')
const END_OF_EVENT = Buffer.from('\n\n')

/**
 * Takes an event stream apart at the ends of its events (an empty line; WHATWG HTML §9.2.5), so that something can
 * be put between them, or another stream go on behind the last one. An event is passed on once it is whole, or as
 * it comes where it is longer than 1 MiB.
 */
export class WholeEvents {
  /** Whether what was passed on ends in the middle of an event. */
  torn = false
  readonly #partial = new HeldBytes()

  /** Adds to `out` what `content` has made whole. What it adds is borrowed, or a copy that is no one else's. */
  take(content: Content, out: Content): void {
    content.each((bytes, from, to) => this.#takePiece(bytes, from, to, out))
  }

  /** Adds a comment, which no client sees, where one can stand. */
  comment(out: Content): void {
    if (!this.torn) out.add(COMMENT, 0, COMMENT.length)
  }

  /** Forgets the event that is not whole; the stream goes on with another. */
  restart(): void {
    this.#partial.clear()
    // What is out of a torn one must not become part of the next.
    if (this.torn) this.#partial.append(END_OF_EVENT, 0, END_OF_EVENT.length)
  }

  /** Adds what is left, at the stream's end. */
  end(out: Content): void {
    this.#release(this.#partial.length, out)
  }

  #takePiece(bytes: Buffer, from: number, to: number, out: Content): void {
    const partial = this.#partial
    if (partial.length === 0 && !this.torn && endsEvent(bytes, from, to)) {
      out.add(bytes, from, to)
      return
    }
    const seen = partial.length
    partial.append(bytes, from, to)
    const end = lastEventEnd(partial.bytes, partial.length, seen)
    if (end > 0) {
      this.#release(end, out)
      this.torn = false
    }
    if (partial.length <= MOST_EVENT_BYTES) return
    this.#release(partial.length - MOST_LINE_ENDS, out)
    this.torn = true
  }

  #release(length: number, out: Content): void {
    const partial = this.#partial
    const { bytes } = partial
    const rest = bytes.subarray(length, partial.length)
    if (length > 0) out.add(bytes, 0, length)
    partial.clear()
    if (rest.length > 0) partial.append(rest, 0, rest.length)
  }
}

function endsEvent(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < 2 || bytes[to - 1] !== LF) return false
  return bytes[to - 2] === LF || (to - from > 2 && bytes[to - 2] === CR && bytes[to - 3] === LF)
}

/** Just past the last empty line of `bytes[0, length)`, where none ends before `seen`; 0: there is none. */
function lastEventEnd(bytes: Buffer, length: number, seen: number): number {
  for (let at = length - 1; at > 0 && at >= seen; at--) {
    if (
      bytes[at] === LF &&
      (bytes[at - 1] === LF || (at > 1 && bytes[at - 1] === CR && bytes[at - 2] === LF))
    )
      return at + 1
    // Lines may end with CR alone.
    if (bytes[at] === CR && bytes[at - 1] === CR) return at + 1
  }
  return 0
}

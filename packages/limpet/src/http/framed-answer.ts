import type { AnswerContent, ContentFault } from './answer-content.ts'
import { Content } from './content.ts'

const CRLF = Buffer.from('\r\n')
/** The last chunk and the end of an empty trailer section (RFC 9112 §7.1). */
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** Frames an `AnswerContent` for its client: chunked, or without a length where HTTP/1.0 is spoken. */
export class FramedAnswer {
  readonly #content: AnswerContent
  readonly #chunked: boolean
  readonly #plain = new Content()
  readonly #framed = new Content()

  constructor(content: AnswerContent, chunked: boolean) {
    this.#content = content
    this.#chunked = chunked
  }

  get status(): number {
    return this.#content.status
  }

  get head(): string {
    return `${this.#content.head}${this.#chunked ? 'Transfer-Encoding: chunked\r\n' : ''}`
  }

  /** Whether the replica's content is of no more use. */
  sated = false

  /** What to send for more of the replica's content, borrowed until the next call. `done`: that was the last. */
  next(content: Content, done: boolean): Content {
    const plain = this.#plain
    plain.clear()
    this.sated = !this.#content.pass(content, plain)
    if (done || this.sated) this.#content.end(plain)
    return this.#frame(done || this.sated)
  }

  /** What to send last when the replica's content broke off; undefined: that can't be told in the content. */
  fail(fault: ContentFault): Content | undefined {
    this.#plain.clear()
    return this.#content.fail(fault, this.#plain) ? this.#frame(true) : undefined
  }

  get silenceMs(): number {
    return this.#content.silenceMs ?? 0
  }

  /** What to send while the replica is silent. */
  idle(): Content {
    this.#plain.clear()
    this.#content.idle?.(this.#plain)
    return this.#frame(false)
  }

  /** Another answer goes on from here. */
  restart(): void {
    this.#content.restart?.()
  }

  #frame(last: boolean): Content {
    const plain = this.#plain
    if (!this.#chunked) return plain
    const framed = this.#framed
    framed.clear()
    if (plain.bytes > 0) {
      const size = Buffer.from(`${plain.bytes.toString(16)}\r\n`, 'latin1')
      framed.add(size, 0, size.length)
      framed.addAll(plain)
      framed.add(CRLF, 0, CRLF.length)
    }
    if (last) framed.add(LAST_CHUNK, 0, LAST_CHUNK.length)
    return framed
  }
}

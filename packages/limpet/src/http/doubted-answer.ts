import type { Content } from './content.ts'
import { HeldBytes } from './held-bytes.ts'
import { ResponseHead } from './response-head.ts'

/** An answer that is kept until its route has said whether the client is to get it. */
export class DoubtedAnswer {
  /** A copy of its own: the one that was read into serves other answers meanwhile. */
  readonly head = new ResponseHead()
  readonly #held = new HeldBytes()
  readonly #mostBytes: number

  constructor(head: ResponseHead, mostBytes: number) {
    const text = Buffer.from(head.fields.text, 'latin1')
    this.head.parse(text, 0, text.length)
    this.#mostBytes = mostBytes
  }

  append(content: Content): void {
    content.each((bytes, from, to) => this.#held.append(bytes, from, to))
  }

  /** Whether there is more of it than anyone wanted to see: then it is not what it was doubted to be. */
  get isTooLong(): boolean {
    return this.#held.length > this.#mostBytes
  }

  /** The content so far, decoded. */
  get bytes(): Buffer {
    return this.#held.bytes.subarray(0, this.#held.length)
  }
}

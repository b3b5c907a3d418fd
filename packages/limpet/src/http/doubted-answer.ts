import type { Content } from './content.ts'
import { HeldBytes } from './held-bytes.ts'
import type { ResponseHead } from './response-head.ts'

/** An answer that is kept until its route has said whether the client is to get it. */
export class DoubtedAnswer {
  /** A copy of its own: the one that was read into serves other answers meanwhile. */
  readonly head: ResponseHead
  readonly #held = new HeldBytes()
  readonly #mostBytes: number

  constructor(head: ResponseHead, mostBytes: number) {
    this.head = head.copy()
    this.#mostBytes = mostBytes
  }

  append(content: Content): void {
    this.#held.appendAll(content)
  }

  /** Whether there is more of it than anyone wanted to see: then it is not what it was doubted to be. */
  get isTooLong(): boolean {
    return this.#held.length > this.#mostBytes
  }

  /** The content so far, decoded. */
  get bytes(): Buffer {
    return this.#held.filled
  }
}

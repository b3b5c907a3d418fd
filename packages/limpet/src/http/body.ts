import type { Content } from './content.ts'

/** Reads one message's content from its connection's bytes and says what to forward. */
export interface BodyReader {
  /** Whether the content is complete. */
  readonly done: boolean
  /**
   * Takes the bytes of `bytes[at, end)`, adds what to forward to `out`, and returns the offset just past what
   * belonged to the content, or `MALFORMED`.
   */
  read(bytes: Buffer, at: number, end: number, out: Content): number
}

/** The content is not framed as it should be: the message can't be forwarded to its end. */
export const MALFORMED = -1

/** Content of a known length in bytes (RFC 9112 §6.2). */
export class LengthReader implements BodyReader {
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get done(): boolean {
    return this.#left === 0
  }

  read(bytes: Buffer, at: number, end: number, out: Content): number {
    const to = Math.min(end, at + this.#left)
    out.add(bytes, at, to)
    this.#left -= to - at
    return to
  }
}

/** Content that ends with its connection (RFC 9112 §6.3, rule 8); `done` is for the owner to know. */
export class UntilCloseReader implements BodyReader {
  readonly done = false

  read(bytes: Buffer, at: number, end: number, out: Content): number {
    out.add(bytes, at, end)
    return end
  }
}

/**
 * Reads one message's content from its connection's bytes and says what to forward. Content is never copied:
 * what goes into `out` are views of the bytes read.
 */
export interface BodyReader {
  /** Whether the content is complete. */
  readonly done: boolean
  /**
   * Takes the bytes of `chunk` from `at` on, pushes what to forward to `out`, and returns the offset just past
   * what belonged to the content, or `MALFORMED`.
   */
  read(chunk: Buffer, at: number, out: Buffer[]): number
}

/** The content is not framed as it should be: the message can't be forwarded to its end. */
export const MALFORMED = -1

function view(chunk: Buffer, from: number, to: number): Buffer {
  return from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to)
}

/** Content of a known length in bytes (RFC 9112 §6.2). */
export class LengthReader implements BodyReader {
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get done(): boolean {
    return this.#left === 0
  }

  read(chunk: Buffer, at: number, out: Buffer[]): number {
    const end = Math.min(chunk.length, at + this.#left)
    if (end > at) out.push(view(chunk, at, end))
    this.#left -= end - at
    return end
  }
}

/** Content that ends with its connection (RFC 9112 §6.3, rule 8); `done` is for the owner to know. */
export class UntilCloseReader implements BodyReader {
  readonly done = false

  read(chunk: Buffer, at: number, out: Buffer[]): number {
    if (chunk.length > at) out.push(view(chunk, at, chunk.length))
    return chunk.length
  }
}

/**
 * The content that one read brings, as pieces of the bytes read: nothing is copied, and one object serves a
 * whole thread. What it holds is borrowed with those bytes, until the next read.
 */
export class Content {
  /** All pieces together. */
  bytes = 0
  #count = 0
  readonly #sources: Buffer[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []

  clear(): void {
    this.bytes = 0
    this.#count = 0
  }

  /** Adds `source[from, to)`; nothing where that is empty. */
  add(source: Buffer, from: number, to: number): void {
    if (to <= from) return
    const piece = this.#count++
    this.#sources[piece] = source
    this.#from[piece] = from
    this.#to[piece] = to
    this.bytes += to - from
  }

  /** Adds all pieces of another content. */
  addAll(other: Content): void {
    other.each((source, from, to) => this.add(source, from, to))
  }

  /** Calls `take` for each piece, `source[from, to)`. */
  each(take: (source: Buffer, from: number, to: number) => void): void {
    for (let piece = 0; piece < this.#count; piece++)
      take(this.#sources[piece]!, this.#from[piece]!, this.#to[piece]!)
  }

  /** All of it as Latin-1. */
  text(): string {
    if (this.#count === 0) return ''
    let text = this.#textOf(0)
    for (let piece = 1; piece < this.#count; piece++) text += this.#textOf(piece)
    return text
  }

  #textOf(piece: number): string {
    return this.#sources[piece]!.toString('latin1', this.#from[piece], this.#to[piece])
  }

  /** Copies it to `target` from `at` on and returns the offset just past it. */
  copyTo(target: Buffer, at: number): number {
    let end = at
    for (let piece = 0; piece < this.#count; piece++)
      end += this.#sources[piece]!.copy(target, end, this.#from[piece], this.#to[piece])
    return end
  }
}

/**
 * A memory of what was made of texts, since a MAC costs microseconds and a client sends the same text with each
 * request. It holds at most twice `generationSize`: a full generation replaces the one before it. Of texts that
 * are verified, keep none that failed, so that no forger can fill it.
 */
export class RecentTexts<Value> {
  readonly #generationSize: number
  #young = new Map<string, Value>()
  #old = this.#young

  constructor(generationSize = 4096) {
    this.#generationSize = generationSize
  }

  get(text: string): Value | undefined {
    const found = this.#young.get(text)
    if (found !== undefined) return found
    const older = this.#old.get(text)
    if (older !== undefined) this.keep(text, older)
    return older
  }

  keep(text: string, value: Value): void {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young
      this.#young = new Map()
    }
    // A copy: the text may be a slice that keeps a whole request head in memory.
    this.#young.set(Buffer.from(text, 'latin1').toString('latin1'), value)
  }
}

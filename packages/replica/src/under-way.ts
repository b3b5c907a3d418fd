/** The requests that are under way. */
export class UnderWay {
  #count = 0
  #waiting: (() => void)[] = []

  async track(work: () => Promise<void>): Promise<void> {
    this.#count++
    try {
      await work()
    } finally {
      this.#count--
      if (this.#count === 0) for (const done of this.#waiting.splice(0)) done()
    }
  }

  /** Resolves when none is under way, or after `ms`. */
  async none(ms: number): Promise<void> {
    if (this.#count === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

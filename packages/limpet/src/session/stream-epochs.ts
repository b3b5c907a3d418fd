/** How long those who moved a session wait for its stream to follow, in milliseconds. */
const MOST_WAIT_MS = 1000

interface Waiting {
  readonly epoch: number
  done(): void
}

/**
 * Which sessions have an open stream, and at which epoch of their pins it was opened. After a session has moved, what
 * is asked of it waits for its stream to follow: what a server tells in the stream because of a request it tells only
 * those who have it open.
 */
export class StreamEpochs {
  readonly #epochs = new Map<string, number>()
  readonly #waiting = new Map<string, Waiting[]>()

  /** The session's stream is open at the home that it has had since `epoch`. */
  opened(key: string, epoch: number): void {
    this.#epochs.set(key, epoch)
    this.#settle(key, (wanted) => wanted <= epoch)
  }

  closed(key: string): void {
    this.#epochs.delete(key)
    this.#settle(key, () => true)
  }

  /** Resolves once the session's stream is open at the home of `epoch`, if it has one, or within a second. */
  async followed(key: string, epoch: number): Promise<void> {
    const now = this.#epochs.get(key)
    if (now === undefined || now >= epoch) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#settle(key, (_, other) => other === waiting), MOST_WAIT_MS)
      timer.unref()
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const waiting: Waiting = { epoch, done }
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), waiting])
    })
  }

  #settle(key: string, isOver: (epoch: number, waiting: Waiting) => boolean): void {
    const all = this.#waiting.get(key) ?? []
    const left = all.filter((waiting) => !isOver(waiting.epoch, waiting))
    if (left.length === 0) this.#waiting.delete(key)
    else this.#waiting.set(key, left)
    for (const waiting of all) if (!left.includes(waiting)) waiting.done()
  }
}

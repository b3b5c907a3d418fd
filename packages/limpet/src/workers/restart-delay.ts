const FIRST_MS = 250
const LAST_MS = 10_000
/** Whoever lived this long did not die of what killed the one before. */
const SETTLED_MS = 30_000

/** How long to wait before a process that died is started again: twice as long each time, until one settles. */
export class RestartDelay {
  #nextMs = FIRST_MS

  /** Milliseconds to wait after a life of `livedMs`. */
  after(livedMs: number): number {
    const delayMs = livedMs >= SETTLED_MS ? FIRST_MS : this.#nextMs
    this.#nextMs = Math.min(delayMs * 2, LAST_MS)
    return delayMs
  }
}

import type { StoredPin } from './pin-store.ts'

/** Records that wait to be written: of each key the last, and no more than `most` keys. */
export class WriteQueue {
  /** How many records found no room. */
  dropped = 0
  readonly #most: number
  readonly #pins = new Map<string, StoredPin>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#pins.size
  }

  /** Adds a record in place of an earlier one of its key. False: there was no room. */
  add(pin: StoredPin): boolean {
    if (this.#pins.size >= this.#most && !this.#pins.has(pin.key)) {
      this.dropped++
      return false
    }
    this.#pins.set(pin.key, pin)
    return true
  }

  /** Takes out the `most` records that have waited longest. */
  take(most: number): StoredPin[] {
    const taken: StoredPin[] = []
    for (const [key, pin] of this.#pins) {
      if (taken.length === most) break
      taken.push(pin)
      this.#pins.delete(key)
    }
    return taken
  }

  /** Puts back what could not be written; what came for the same key since is newer and stays. */
  putBack(pins: readonly StoredPin[]): void {
    for (const pin of pins) if (!this.#pins.has(pin.key)) this.add(pin)
  }
}

import type { StoredPin } from './pin-store.ts'
import { extended, precedence } from './precedence.ts'

/**
 * Records that wait to be written, one for each key, within a bound. What is taken stays until it is settled, so
 * that nothing is lost when a store fails in the middle.
 */
export class WriteQueue {
  readonly #limit: number
  /** Offered again and again until they are written, the oldest first. */
  readonly #records = new Map<string, StoredPin>()
  /** Apart and before the others: a record that takes a withdrawn one's place would else lose against it. */
  readonly #withdrawals = new Map<string, StoredPin>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#records.size + this.#withdrawals.size
  }

  /** The record that waits under a key. */
  get(key: string): StoredPin | undefined {
    return this.#records.get(key)
  }

  /** Adds a record, or lets it count against the one that waits under its key. False: there is no room for it. */
  offer(pin: StoredPin, nowMs: number): boolean {
    const isWithdrawal = pin.expiresAtMs <= nowMs
    const waiting = this.#records.get(pin.key)
    const outcome = precedence(waiting, pin, nowMs)
    if (outcome === 'yields') return true
    if (outcome === 'extends') {
      this.#records.set(pin.key, extended(waiting!, pin))
      return true
    }
    if (isWithdrawal) this.#records.delete(pin.key)
    const target = isWithdrawal ? this.#withdrawals : this.#records
    if (!target.has(pin.key) && this.size >= this.#limit) return false
    target.set(pin.key, pin)
    return true
  }

  /** At most `count` records that wait, the oldest first. */
  take(count: number): StoredPin[] {
    const from = this.#withdrawals.size > 0 ? this.#withdrawals : this.#records
    const taken: StoredPin[] = []
    for (const pin of from.values()) {
      if (taken.length === count) break
      taken.push(pin)
    }
    return taken
  }

  /** These were written; what has come under their keys meanwhile stays. */
  settle(pins: readonly StoredPin[]): void {
    for (const pin of pins) {
      if (this.#records.get(pin.key) === pin) this.#records.delete(pin.key)
      if (this.#withdrawals.get(pin.key) === pin) this.#withdrawals.delete(pin.key)
    }
  }
}

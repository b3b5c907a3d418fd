import { performance } from 'node:perf_hooks'

/** Something that must happen by a time, or is given up. */
export interface Timed {
  /** Its place among the deadlines; theirs to write, -1 at first. */
  timedIndex: number
  onDeadline(nowMs: number): void
}

const NEVER = Number.POSITIVE_INFINITY
const TICK_MS = 100
const FIRST_ROOM = 64

/**
 * Deadlines of a thread's connections, looked at every 100 ms. A connection moves its deadline by writing a
 * number; no timer is made, moved or cleared per request. The numbers stand side by side, apart from what they
 * belong to, so that a look at 10,000 of them takes some microseconds.
 */
export class Deadlines {
  readonly #items: Timed[] = []
  /** When each item is due, by `performance.now()`. */
  #times = new Float64Array(FIRST_ROOM)
  #timer: NodeJS.Timeout | undefined
  /** The time of the last look. */
  #seenMs = 0

  add(item: Timed, deadlineMs: number): void {
    const index = this.#items.length
    if (index === this.#times.length) {
      const larger = new Float64Array(2 * index)
      larger.set(this.#times)
      this.#times = larger
    }
    item.timedIndex = index
    this.#items.push(item)
    this.#times[index] = deadlineMs
    this.#start()
  }

  /** Infinity: not now. Does nothing for an item that isn't there. */
  set(item: Timed, deadlineMs: number): void {
    if (item.timedIndex >= 0) this.#times[item.timedIndex] = deadlineMs
  }

  /** When `item` is due. */
  of(item: Timed): number {
    return this.#times[item.timedIndex] ?? NEVER
  }

  /**
   * A deadline in `ms`, or up to a tick later, without a look at the clock; for long waits, since it comes early
   * by as long as the thread was busy.
   */
  after(ms: number): number {
    return (this.#timer === undefined ? performance.now() : this.#seenMs + TICK_MS) + ms
  }

  /** Forgets `item`; does nothing for one that isn't there. */
  remove(item: Timed): void {
    const index = item.timedIndex
    if (this.#items[index] !== item) return
    const last = this.#items.pop()!
    if (last !== item) {
      this.#items[index] = last
      this.#times[index] = this.#times[this.#items.length]!
      last.timedIndex = index
    }
    item.timedIndex = -1
    if (this.#items.length === 0) this.stop()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #start(): void {
    if (this.#timer !== undefined) return
    this.#seenMs = performance.now()
    this.#timer = setInterval(() => this.#look(), TICK_MS).unref()
  }

  #look(): void {
    const nowMs = performance.now()
    this.#seenMs = nowMs
    // Backwards, since an item may remove itself: the last one takes its place.
    for (let index = this.#items.length - 1; index >= 0; index--) {
      if (this.#times[index]! > nowMs) continue
      const item = this.#items[index]
      if (item === undefined) continue
      this.#times[index] = NEVER
      item.onDeadline(nowMs)
    }
  }
}

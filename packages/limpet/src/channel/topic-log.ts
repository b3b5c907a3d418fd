/** A message as it goes over the wire: its position, that of the topic's message before it, its id and its JSON. */
export type WireEntry = readonly [position: string, previous: string, id: string, text: string]

/** Before the first message. */
export const beginning = '0-0'

interface Kept {
  readonly entry: WireEntry
  readonly bytes: number
  readonly atMs: number
}

/** How much of one topic is kept; the oldest go first. */
export interface TopicLimits {
  readonly messages: number
  readonly bytes: number
  readonly ageMs: number
}

/** Gives positions that grow, whatever the clock does, also over restarts as long as the clock does not go back. */
export class Positions {
  #ms = 0
  #nth = 0

  next(nowMs: number): string {
    if (nowMs > this.#ms) {
      this.#ms = nowMs
      this.#nth = 0
    } else this.#nth++
    return `${this.#ms}-${this.#nth}`
  }
}

/** Below 0 when `a` comes before `b`. */
export function comparePositions(a: string, b: string): number {
  const [[aMs = 0, aNth = 0], [bMs = 0, bNth = 0]] = [a.split('-').map(Number), b.split('-').map(Number)]
  return aMs - bMs || aNth - bNth
}

/** The messages of one topic that are kept, and the position of its last one, kept or not. */
export class TopicLog {
  last = beginning
  bytes = 0
  readonly #limits: TopicLimits
  /** From `#first` on. */
  #kept: Kept[] = []
  #first = 0

  constructor(limits: TopicLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#kept.length - this.#first
  }

  append(position: string, id: string, text: string, nowMs: number): WireEntry {
    const entry = [position, this.last, id, text] as const
    const bytes = Buffer.byteLength(text)
    this.#kept.push({ entry, bytes, atMs: nowMs })
    this.bytes += bytes
    this.last = position
    this.expire(nowMs)
    while (this.size > this.#limits.messages || this.bytes > this.#limits.bytes) this.dropFirst()
    return entry
  }

  /** At most `count` messages behind `after`, and whether there are more. */
  read(after: string, count: number): { entries: WireEntry[]; more: boolean } {
    let low = this.#first
    let high = this.#kept.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePositions(this.#kept[middle]!.entry[0], after) <= 0) low = middle + 1
      else high = middle
    }
    const entries = this.#kept.slice(low, low + count).map(({ entry }) => entry)
    return { entries, more: low + count < this.#kept.length }
  }

  /** Drops what is too old; returns how many bytes that was. */
  expire(nowMs: number): number {
    const oldestMs = nowMs - this.#limits.ageMs
    let dropped = 0
    while (this.size > 0 && this.#kept[this.#first]!.atMs < oldestMs) dropped += this.dropFirst()
    return dropped
  }

  /** Drops the oldest message; returns its bytes. */
  dropFirst(): number {
    const bytes = this.#kept[this.#first]?.bytes ?? 0
    this.bytes -= bytes
    this.#first++
    if (this.#first * 2 < this.#kept.length) return bytes
    this.#kept = this.#kept.slice(this.#first)
    this.#first = 0
    return bytes
  }
}

import { countWord, type PinMemory } from './pin-memory.ts'

/**
 * What happened in a pin table since it was made, all threads together. When no thread is writing,
 * `live = inserted - removed - evictedExpired - evictedLive - sweptExpired`.
 */
export interface PinStats {
  /** Pins in the table, among them expired ones that nothing has freed yet. */
  readonly live: number
  readonly capacity: number
  readonly inserted: number
  /** Calls of `move` that moved; one for a session without a pin is among `inserted` too. */
  readonly moved: number
  readonly removed: number
  /** Expired pins whose slot a new pin took. */
  readonly evictedExpired: number
  /** Live pins that had to go because both of a new pin's buckets were full: the table is too small. */
  readonly evictedLive: number
  readonly sweptExpired: number
}

/** Adds one to a count of two words. */
export function countUp(counts: Int32Array, word: number): void {
  if (Atomics.add(counts, word, 1) === -1) Atomics.add(counts, word + 1, 1)
}

function readCount(counts: Int32Array, word: number): number {
  for (;;) {
    const high = Atomics.load(counts, word + 1)
    const low = Atomics.load(counts, word)
    if (Atomics.load(counts, word + 1) === high) return high * 0x100000000 + (low >>> 0)
  }
}

/** Reads the counts of a pin table. */
export function readPinStats(memory: PinMemory): PinStats {
  const counts = new Int32Array(memory.counts)
  return {
    live: Atomics.load(counts, countWord.live),
    capacity: memory.capacity,
    inserted: readCount(counts, countWord.inserted),
    moved: readCount(counts, countWord.moved),
    removed: readCount(counts, countWord.removed),
    evictedExpired: readCount(counts, countWord.evictedExpired),
    evictedLive: readCount(counts, countWord.evictedLive),
    sweptExpired: readCount(counts, countWord.sweptExpired),
  }
}

import { fence, settledVersion } from './bucket-lock.ts'
import { bucketSlots, entryWord, entryWords, type PinMemory, tickMs } from './pin-memory.ts'

/** One pin of a scan. The object is the same for all of them: take what is to be kept. Times are wall-clock. */
export interface ScannedPin {
  /** The four words of its key, as the table holds them: word 2 is never 0. */
  readonly key: Uint32Array
  /** `noReplica` where the session is closed. */
  readonly replica: number
  readonly epoch: number
  readonly usedAtMs: number
  readonly expiresAtMs: number
  /** 0: none. */
  readonly deadlineMs: number
}

const slotWords = entryWords + 1

/**
 * Walks the pins of a table, bucket by bucket, beside the threads that use it. A bucket is read at one moment
 * and without a lock, so a pin that moves between buckets during a walk may be met twice or not at all.
 */
export class PinScan {
  readonly #memory: PinMemory
  readonly #versions: Int32Array
  readonly #tags: Int32Array
  readonly #entries: Int32Array
  readonly #fence = new Int32Array(1)
  readonly #copy = new Int32Array(bucketSlots * slotWords)
  readonly #pin = {
    key: new Uint32Array(4),
    replica: 0,
    epoch: 0,
    usedAtMs: 0,
    expiresAtMs: 0,
    deadlineMs: 0,
  }

  constructor(memory: PinMemory) {
    this.#memory = memory
    this.#versions = new Int32Array(memory.versions)
    this.#tags = new Int32Array(memory.tags)
    this.#entries = new Int32Array(memory.entries)
  }

  /**
   * Calls `visit` for each pin, expired ones too, in `bucketCount` buckets from `startBucket` on, and returns the
   * bucket to go on from (0 after the last). `visit` may use the table.
   */
  walk(startBucket: number, bucketCount: number, visit: (pin: ScannedPin) => void): number {
    const { buckets } = this.#memory
    const end = Math.min(startBucket + bucketCount, buckets)
    for (let bucket = startBucket; bucket < end; bucket++) {
      const filled = this.#read(bucket)
      for (let index = 0; index < filled; index++) {
        this.#show(index * slotWords)
        visit(this.#pin)
      }
    }
    return end < buckets ? end : 0
  }

  /** Copies the bucket's filled slots, all of one moment, and returns how many there are. */
  #read(bucket: number): number {
    const first = bucket * bucketSlots
    for (;;) {
      const version = settledVersion(this.#versions, this.#fence, bucket)
      let filled = 0
      for (let slot = first; slot < first + bucketSlots; slot++) {
        const tag = this.#tags[slot]!
        if (tag === 0) continue
        const to = filled * slotWords
        const from = slot * entryWords
        for (let word = 0; word < entryWords; word++) this.#copy[to + word] = this.#entries[from + word]!
        this.#copy[to + entryWords] = tag
        filled++
      }
      fence(this.#fence)
      if (Atomics.load(this.#versions, bucket) === version) return filled
    }
  }

  #show(at: number): void {
    const pin = this.#pin
    const copy = this.#copy
    pin.key[0] = copy[at + entryWord.key0]!
    pin.key[1] = copy[at + entryWord.key1]!
    pin.key[2] = copy[at + entryWords]!
    pin.key[3] = copy[at + entryWord.key3]!
    pin.replica = copy[at + entryWord.replica]! >>> 0
    pin.epoch = copy[at + entryWord.epoch]!
    pin.usedAtMs = this.#memory.originMs + copy[at + entryWord.used]! * tickMs
    pin.expiresAtMs = this.#memory.originMs + copy[at + entryWord.expires]! * tickMs
    const deadline = copy[at + entryWord.deadline]!
    pin.deadlineMs = deadline === 0 ? 0 : this.#memory.originMs + deadline * tickMs
  }
}

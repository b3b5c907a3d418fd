/**
 * The pin table's memory and its layout. All of it is made once, at a fixed size, and shared by all threads.
 *
 * A key may live in either of two buckets of 16 slots (two-choice hashing: at 80 % fill a million random keys
 * overflow none). Of the key's four 32-bit words, word 0 and word 1 choose the buckets; word 2 is the slot's tag.
 * A bucket's 16 tags are 64 consecutive bytes, apart from the entries, so a miss reads no entry.
 *
 * Versions and counts are only touched by Atomics; tags and entries are plain words between two reads of the
 * version, since an Atomics call takes 7 ns (it is not inlined) and a look-up reads some 25 of them.
 */

/** Slots in a bucket. */
export const bucketSlots = 16

/** 32-bit words in an entry. */
export const entryWords = 8

/** What an entry's words hold; the key's word 2 is the slot's tag. Times are ticks; a deadline of 0 is none. */
export const entryWord = {
  key0: 0,
  key1: 1,
  key3: 2,
  replica: 3,
  expires: 4,
  deadline: 5,
  used: 6,
  epoch: 7,
} as const

/** A tick of the table's clock; tick 0 is `originMs`. 31 bits of ticks are 4.3 years of uptime. */
export const tickMs = 64

/** The latest time that a pin can hold. */
export const maxTick = 0x7fffffff

/** A replica id that names none: a pin of this remembers that a session has no home, as when it was closed. */
export const noReplica = 0xffffffff

/** Slots of the counters of pins by replica. */
export const replicaSlots = 1 << 14

/** Where each count stands in `counts`: two words each, low and high, but `live`, which is one. */
export const countWord = {
  live: 0,
  inserted: 2,
  moved: 4,
  removed: 6,
  evictedExpired: 8,
  evictedLive: 10,
  sweptExpired: 12,
} as const

/** The shared memory of a pin table. Give it to a worker thread in `workerData`; the buffers are shared. */
export interface PinMemory {
  /** Live pins promised. */
  readonly capacity: number
  readonly buckets: number
  /** Wall-clock time of tick 0. */
  readonly originMs: number
  /** Int32 by bucket: even is free, odd is being written; grows by one at each locking and each unlocking. */
  readonly versions: SharedArrayBuffer
  /** Int32 by slot: 0 is empty, else word 2 of the key (1 when that is 0). */
  readonly tags: SharedArrayBuffer
  /** `entryWords` Int32 by slot. */
  readonly entries: SharedArrayBuffer
  /** Int32 by `countWord`. */
  readonly counts: SharedArrayBuffer
  /** Int32 by replica slot: pins that name it. */
  readonly pinsBySlot: SharedArrayBuffer
}

const fill = 0.8

/**
 * Makes memory for `capacity` live pins: 45.4 bytes for each, and 64 KiB. Throws RangeError unless `capacity` is
 * an integer from 1 to 40,000,000 (1.8 GB).
 */
export function createPinMemory(options: { capacity: number; nowMs?: number }): PinMemory {
  const { capacity, nowMs = Date.now() } = options
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 40_000_000) {
    throw new RangeError(`A pin table holds from 1 to 40,000,000 pins, not ${capacity}.`)
  }
  // Few buckets spread less evenly than many: the four more keep the promise of small tables.
  const buckets = Math.ceil(capacity / (bucketSlots * fill)) + 4
  const slots = buckets * bucketSlots
  return {
    capacity,
    buckets,
    originMs: nowMs,
    versions: new SharedArrayBuffer(buckets * 4),
    tags: new SharedArrayBuffer(slots * 4),
    entries: new SharedArrayBuffer(slots * entryWords * 4),
    counts: new SharedArrayBuffer(64),
    pinsBySlot: new SharedArrayBuffer(replicaSlots * 4),
  }
}

/** The bucket that a word of a key chooses. */
export function bucketOf(keyWord: number, buckets: number): number {
  return ((keyWord >>> 0) * (buckets / 0x100000000)) | 0
}

/** All bytes of the table. */
export function pinMemoryBytes(memory: PinMemory): number {
  const { versions, tags, entries, counts, pinsBySlot } = memory
  return [versions, tags, entries, counts, pinsBySlot].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

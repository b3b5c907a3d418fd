import { fence, lockBucket, settledVersion, unlockBucket } from './bucket-lock.ts'
import { countUp } from './pin-counts.ts'
import {
  bucketOf,
  bucketSlots,
  countWord,
  entryWord,
  entryWords,
  maxTick,
  noReplica,
  type PinMemory,
  replicaSlots,
} from './pin-memory.ts'

const none = noReplica | 0
const slotMask = replicaSlots - 1

/**
 * One thread's hands on the slots of a pin table: finds a key's slot, fills, changes and empties slots. Times are
 * ticks. `take` a key first; the calls after it are about that key and its two buckets. All but `read` and
 * `slide` need the buckets' locks.
 *
 * The key and what the last look at an entry saw are fields, since no call may allocate. What says that a slot
 * is filled, its tag, and the counts of live pins are written next to each other with neither a function of ours
 * nor a loop between: only there is a thread ended (worker.terminate), so these counts stay right.
 */
export class PinSlots {
  seenReplica = 0
  seenEpoch = 0
  seenExpires = 0
  seenDeadline = 0
  seenUsed = 0
  /** After `put`: how many pins its replica had then, this one among them. */
  rank = 0

  readonly #buckets: number
  readonly #versions: Int32Array
  readonly #tags: Int32Array
  readonly #entries: Int32Array
  readonly #counts: Int32Array
  readonly #pinsBySlot: Int32Array
  readonly #fence = new Int32Array(1)
  #key0 = 0
  #key1 = 0
  #key3 = 0
  #tag = 0
  #bucket1 = 0
  #bucket2 = 0
  #mineLow = 0
  #mineHigh = 0

  constructor(memory: PinMemory) {
    this.#buckets = memory.buckets
    this.#versions = new Int32Array(memory.versions)
    this.#tags = new Int32Array(memory.tags)
    this.#entries = new Int32Array(memory.entries)
    this.#counts = new Int32Array(memory.counts)
    this.#pinsBySlot = new Int32Array(memory.pinsBySlot)
  }

  take(key: Uint32Array): void {
    this.#key0 = key[0]! | 0
    this.#key1 = key[1]! | 0
    this.#key3 = key[3]! | 0
    this.#tag = key[2]! | 0 || 1
    this.#bucket1 = bucketOf(this.#key0, this.#buckets)
    this.#bucket2 = bucketOf(this.#key1, this.#buckets)
  }

  /** Takes both buckets' locks, always in index order, so that no two threads wait for each other. */
  lock(): void {
    const low = Math.min(this.#bucket1, this.#bucket2)
    const high = Math.max(this.#bucket1, this.#bucket2)
    this.#mineLow = lockBucket(this.#versions, this.#fence, low)
    if (high !== low) this.#mineHigh = lockBucket(this.#versions, this.#fence, high)
  }

  unlock(): void {
    const low = Math.min(this.#bucket1, this.#bucket2)
    const high = Math.max(this.#bucket1, this.#bucket2)
    if (high !== low) unlockBucket(this.#versions, high, this.#mineHigh)
    unlockBucket(this.#versions, low, this.#mineLow)
  }

  /** The key's slot without a lock, else -1; the `seen` fields hold its entry, all of one moment. */
  read(): number {
    const slot = this.#readIn(this.#bucket1)
    return slot >= 0 || this.#bucket2 === this.#bucket1 ? slot : this.#readIn(this.#bucket2)
  }

  /** The key's slot, else -1; the `seen` fields hold its entry. */
  locate(): number {
    const slot = this.#locateIn(this.#bucket1)
    return slot >= 0 || this.#bucket2 === this.#bucket1 ? slot : this.#locateIn(this.#bucket2)
  }

  /** Lets a pin that `read` found live until `end`, if it is still there. */
  slide(slot: number, now: number, end: number): void {
    const bucket = (slot / bucketSlots) | 0
    const mine = lockBucket(this.#versions, this.#fence, bucket)
    if (this.#tags[slot] === this.#tag && this.#look(slot)) this.#touch(slot, now, end)
    unlockBucket(this.#versions, bucket, mine)
  }

  /** Makes the pin that was just located name another replica. */
  rename(slot: number, replica: number, epoch: number, now: number, end: number): void {
    const at = slot * entryWords
    this.#touch(slot, now, end)
    this.#entries[at + entryWord.replica] = replica | 0
    this.#entries[at + entryWord.epoch] = epoch
    if (this.seenReplica !== none) Atomics.sub(this.#pinsBySlot, this.seenReplica & slotMask, 1)
    if ((replica | 0) !== none) Atomics.add(this.#pinsBySlot, replica & slotMask, 1)
  }

  /** Gives the pin that was just located another deadline; 0 is none. */
  bound(slot: number, deadline: number): void {
    this.#entries[slot * entryWords + entryWord.deadline] = deadline
    this.seenDeadline = deadline
  }

  /** Writes the key's pin to an empty slot. A deadline of 0 is none. */
  put(slot: number, replica: number, epoch: number, now: number, end: number, deadline: number): void {
    const entries = this.#entries
    const at = slot * entryWords
    entries[at + entryWord.key0] = this.#key0
    entries[at + entryWord.key1] = this.#key1
    entries[at + entryWord.key3] = this.#key3
    entries[at + entryWord.replica] = replica | 0
    entries[at + entryWord.deadline] = deadline
    entries[at + entryWord.epoch] = epoch
    this.seenDeadline = deadline
    this.#touch(slot, now, end)
    countUp(this.#counts, countWord.inserted)
    this.#tags[slot] = this.#tag
    Atomics.add(this.#counts, countWord.live, 1)
    this.rank = (replica | 0) === none ? 0 : Atomics.add(this.#pinsBySlot, replica & slotMask, 1) + 1
  }

  /** Empties a slot and counts why. */
  drop(slot: number, why: number): void {
    const replica = this.#entries[slot * entryWords + entryWord.replica]!
    countUp(this.#counts, why)
    this.#tags[slot] = 0
    Atomics.sub(this.#counts, countWord.live, 1)
    if (replica !== none) Atomics.sub(this.#pinsBySlot, replica & slotMask, 1)
  }

  /** An empty slot for the key: one of the emptier bucket, else that of a pin which had to go. */
  emptySlot(now: number): number {
    const tags = this.#tags
    const first1 = this.#bucket1 * bucketSlots
    const first2 = this.#bucket2 * bucketSlots
    let empty1 = -1
    let empty2 = -1
    let lead = 0
    for (let index = 0; index < bucketSlots; index++) {
      if (tags[first1 + index] === 0) {
        empty1 = first1 + index
        lead++
      }
      if (tags[first2 + index] === 0) {
        empty2 = first2 + index
        lead--
      }
    }
    if (empty1 < 0 && empty2 < 0) return this.#evict(now)
    return lead >= 0 ? empty1 : empty2
  }

  /** Empties the slots of one bucket whose pins have expired; takes its lock when there is one. */
  sweepBucket(bucket: number, now: number): void {
    const first = bucket * bucketSlots
    let expired = 0
    for (let slot = first; slot < first + bucketSlots; slot++) if (this.#isExpired(slot, now)) expired++
    if (expired === 0) return
    const mine = lockBucket(this.#versions, this.#fence, bucket)
    for (let slot = first; slot < first + bucketSlots; slot++) {
      if (this.#isExpired(slot, now)) this.drop(slot, countWord.sweptExpired)
    }
    unlockBucket(this.#versions, bucket, mine)
  }

  #readIn(bucket: number): number {
    for (;;) {
      const version = settledVersion(this.#versions, this.#fence, bucket)
      const slot = this.#locateIn(bucket)
      fence(this.#fence)
      if (Atomics.load(this.#versions, bucket) === version) return slot
    }
  }

  #locateIn(bucket: number): number {
    const tags = this.#tags
    const tag = this.#tag
    const end = (bucket + 1) * bucketSlots
    for (let slot = bucket * bucketSlots; slot < end; slot++) {
      if (tags[slot] === tag && this.#look(slot)) return slot
    }
    return -1
  }

  #look(slot: number): boolean {
    const entries = this.#entries
    const at = slot * entryWords
    if (
      entries[at + entryWord.key0] !== this.#key0 ||
      entries[at + entryWord.key1] !== this.#key1 ||
      entries[at + entryWord.key3] !== this.#key3
    ) {
      return false
    }
    this.seenReplica = entries[at + entryWord.replica]!
    this.seenExpires = entries[at + entryWord.expires]!
    this.seenDeadline = entries[at + entryWord.deadline]!
    this.seenUsed = entries[at + entryWord.used]!
    this.seenEpoch = entries[at + entryWord.epoch]!
    return true
  }

  /** Writes that the pin whose deadline was seen was used now and lives until `end` or the deadline. */
  #touch(slot: number, now: number, end: number): void {
    const at = slot * entryWords
    const deadline = this.seenDeadline
    this.#entries[at + entryWord.expires] = deadline === 0 ? end : Math.min(end, deadline)
    this.#entries[at + entryWord.used] = now
  }

  /** Of both buckets, full, empties the slot of the longest expired pin, else of the one used longest ago. */
  #evict(now: number): number {
    let expiredSlot = -1
    let expiredAt = now + 1
    let idleSlot = -1
    let idleSince = maxTick
    for (let index = 0; index < 2 * bucketSlots; index++) {
      const bucket = index < bucketSlots ? this.#bucket1 : this.#bucket2
      const slot = bucket * bucketSlots + (index & (bucketSlots - 1))
      const at = slot * entryWords
      const expires = this.#entries[at + entryWord.expires]!
      const used = this.#entries[at + entryWord.used]!
      if (expires < expiredAt) {
        expiredSlot = slot
        expiredAt = expires
      }
      if (idleSlot < 0 || used < idleSince) {
        idleSlot = slot
        idleSince = used
      }
    }
    const slot = expiredSlot >= 0 ? expiredSlot : idleSlot
    this.drop(slot, expiredSlot >= 0 ? countWord.evictedExpired : countWord.evictedLive)
    return slot
  }

  #isExpired(slot: number, now: number): boolean {
    return this.#tags[slot] !== 0 && this.#entries[slot * entryWords + entryWord.expires]! <= now
  }
}

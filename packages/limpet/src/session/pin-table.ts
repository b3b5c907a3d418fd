import { countUp, type PinStats, readPinStats } from './pin-counts.ts'
import { countWord, maxTick, noReplica, type PinMemory, replicaSlots, tickMs } from './pin-memory.ts'
import { PinSlots } from './pin-slots.ts'

const maxEpoch = 0xffff

/** Uses closer together than this, or than 1/64 of the ttl, are one use: most requests then write nothing. */
const maxUseGapMs = 1000

/**
 * Which session lives on which replica, in memory that all threads share (`PinMemory`); each thread has a
 * `PinTable` of its own over it. A key is the session's 128-bit hash in four words, and must be random: the
 * buckets are chosen by its bits. Times are wall-clock milliseconds; a pin lives for its ttl after its last use
 * (as uses count, see `find`) and up to 64 ms longer, past its deadline by no more than that.
 *
 * `find` takes no lock to look; it reads a bucket again when a writer was at it (a seqlock by bucket). No call
 * allocates: results are in the fields `replica` and `epoch`. A pin that names `noReplica` is as good as another.
 */
export class PinTable {
  /** After a call that says so: the replica id that the pin names, an unsigned 32-bit integer. */
  replica: number = noReplica
  /** After a call that says so: the pin's epoch, 0 to 65535. */
  epoch = 0
  /**
   * After `insert` gave true: how many pins the replica had just then, this one among them. Of threads that insert
   * at once, each gets another number.
   */
  rank = 0
  /** After `look`: when the pin was last used, when it expires, and its deadline (0: none). */
  usedAtMs = 0
  expiresAtMs = 0
  deadlineMs = 0

  readonly #memory: PinMemory
  readonly #slots: PinSlots
  readonly #counts: Int32Array
  readonly #pinsBySlot: Int32Array

  constructor(memory: PinMemory) {
    this.#memory = memory
    this.#slots = new PinSlots(memory)
    this.#counts = new Int32Array(memory.counts)
    this.#pinsBySlot = new Int32Array(memory.pinsBySlot)
  }

  /**
   * Looks for a live pin. True: `replica` and `epoch` hold it, and it lives for `ttlMs` from now, but not past
   * its deadline; a use less than 1 s, or 1/64 of the ttl if that is less, after one that counted does not
   * count. One that names `noReplica` keeps its time: a closing ends when it was said to. False: there is none.
   */
  find(key: Uint32Array, nowMs: number, ttlMs: number): boolean {
    const slots = this.#slots
    const now = this.#tick(nowMs)
    slots.take(key)
    const slot = slots.read()
    if (slot < 0 || slots.seenExpires <= now) return false
    this.#show(slots.seenReplica, slots.seenEpoch)
    // A use that lies ahead was written before the clock was set back.
    const gap = now - slots.seenUsed
    const counts = gap < 0 || (gap > 0 && gap * tickMs >= Math.min(maxUseGapMs, ttlMs / 64))
    if (counts && this.replica !== noReplica) {
      slots.slide(slot, now, this.#end(nowMs + ttlMs))
    }
    return true
  }

  /** Looks for a live pin without using it. True: `replica`, `epoch` and the times hold it. False: there is none. */
  look(key: Uint32Array, nowMs: number): boolean {
    const slots = this.#slots
    slots.take(key)
    if (slots.read() < 0 || slots.seenExpires <= this.#tick(nowMs)) return false
    this.#show(slots.seenReplica, slots.seenEpoch)
    this.usedAtMs = this.#memory.originMs + slots.seenUsed * tickMs
    this.expiresAtMs = this.#memory.originMs + slots.seenExpires * tickMs
    this.deadlineMs = slots.seenDeadline === 0 ? 0 : this.#memory.originMs + slots.seenDeadline * tickMs
    return true
  }

  /**
   * Pins a session that has no live pin. True: it now names `replica`, with `epoch`, until `ttlMs` after its
   * last use and at most `maxAgeMs` from now (0: no such bound). False: there is a live pin, which is left as it
   * is. `replica` and `epoch` hold the pin either way. Of threads that insert one key at once, one gets true.
   */
  insert(
    key: Uint32Array,
    replica: number,
    nowMs: number,
    ttlMs: number,
    maxAgeMs: number,
    epoch = 0,
  ): boolean {
    const slots = this.#slots
    const now = this.#tick(nowMs)
    slots.take(key)
    slots.lock()
    const slot = slots.locate()
    const inserts = slot < 0 || slots.seenExpires <= now
    if (inserts)
      this.#put(slot, replica, epoch, now, this.#end(nowMs + ttlMs), this.#deadline(nowMs, maxAgeMs))
    else this.#show(slots.seenReplica, slots.seenEpoch)
    this.rank = slots.rank
    slots.unlock()
    return inserts
  }

  /**
   * Re-homes a session. True: its pin named `from`, or there was no live one; it now names `to`, its epoch is one
   * more than both the pin's and `heldEpoch` (the epoch that the client carries, if it carries one), and its ttl
   * begins anew; `maxAgeMs` counts for a pin that was absent, others keep their deadline. False: the pin names
   * another replica. `replica` and `epoch` hold the pin either way. Epochs stop at 65535.
   */
  move(
    key: Uint32Array,
    from: number,
    to: number,
    nowMs: number,
    ttlMs: number,
    maxAgeMs: number,
    heldEpoch = 0,
  ): boolean {
    const slots = this.#slots
    const now = this.#tick(nowMs)
    slots.take(key)
    slots.lock()
    const slot = slots.locate()
    const isLive = slot >= 0 && slots.seenExpires > now
    const moves = !isLive || slots.seenReplica >>> 0 === from >>> 0
    if (moves) countUp(this.#counts, countWord.moved)
    const end = this.#end(nowMs + ttlMs)
    if (!isLive) {
      const deadline = this.#deadline(nowMs, maxAgeMs)
      this.#put(slot, to, Math.min(heldEpoch + 1, maxEpoch), now, end, deadline)
    } else if (moves) {
      const epoch = Math.min(Math.max(slots.seenEpoch, heldEpoch) + 1, maxEpoch)
      slots.rename(slot, to, epoch, now, end)
      this.#show(to, epoch)
    } else this.#show(slots.seenReplica, slots.seenEpoch)
    slots.unlock()
    return moves
  }

  /**
   * Takes over what another router says of a session: it names `replica`, with `epoch`, until `untilMs` (its ttl
   * begins at its next use here) and at most until `deadlineMs` (0: no such bound). True: it counts now, since
   * there was no live pin, or one of a lower epoch, or one of the same epoch which names `instead`, or another
   * replica where this names `noReplica`. False: the live pin stays, or `untilMs` is over. `replica` and `epoch`
   * hold the pin either way, if there is one.
   */
  adopt(
    key: Uint32Array,
    replica: number,
    epoch: number,
    nowMs: number,
    untilMs: number,
    deadlineMs: number,
    instead = -1,
  ): boolean {
    if (untilMs <= nowMs || (deadlineMs > 0 && deadlineMs <= nowMs)) return false
    const now = this.#tick(nowMs)
    const deadline = deadlineMs > 0 ? this.#end(deadlineMs) : 0
    const end = deadline === 0 ? this.#end(untilMs) : Math.min(this.#end(untilMs), deadline)
    const slots = this.#slots
    slots.take(key)
    slots.lock()
    const slot = slots.locate()
    const isLive = slot >= 0 && slots.seenExpires > now
    const adopts =
      !isLive || epoch > slots.seenEpoch || (epoch === slots.seenEpoch && this.#yields(replica, instead))
    if (!isLive) this.#put(slot, replica, epoch, now, end, deadline)
    else if (adopts) {
      slots.bound(slot, deadline)
      slots.rename(slot, replica, epoch, now, end)
      this.#show(replica, epoch)
    } else this.#show(slots.seenReplica, slots.seenEpoch)
    slots.unlock()
    return adopts
  }

  /**
   * Closes a session: whatever its pin named, it names `noReplica` until `untilMs`, however it is used. Its epoch
   * stays, or is `heldEpoch` if that is higher. False: there was no live pin, and now there is this one.
   */
  close(key: Uint32Array, nowMs: number, untilMs: number, heldEpoch = 0): boolean {
    const slots = this.#slots
    const now = this.#tick(nowMs)
    const end = this.#end(untilMs)
    slots.take(key)
    slots.lock()
    const slot = slots.locate()
    const isLive = slot >= 0 && slots.seenExpires > now
    if (isLive) {
      const epoch = Math.max(slots.seenEpoch, heldEpoch)
      slots.bound(slot, 0)
      slots.rename(slot, noReplica, epoch, now, end)
      this.#show(noReplica, epoch)
    } else this.#put(slot, noReplica, heldEpoch, now, end, 0)
    slots.unlock()
    return isLive
  }

  /** Forgets a session. False: it had no pin, live or expired. */
  remove(key: Uint32Array): boolean {
    const slots = this.#slots
    slots.take(key)
    slots.lock()
    const slot = slots.locate()
    if (slot >= 0) slots.drop(slot, countWord.removed)
    slots.unlock()
    return slot >= 0
  }

  /**
   * Frees expired pins in `bucketCount` buckets from `startBucket` on, and returns the bucket to go on from (0
   * after the last). Meant for one thread, a slice at a time.
   */
  sweep(nowMs: number, startBucket: number, bucketCount: number): number {
    const now = this.#tick(nowMs)
    const { buckets } = this.#memory
    const end = Math.min(startBucket + bucketCount, buckets)
    for (let bucket = startBucket; bucket < end; bucket++) this.#slots.sweepBucket(bucket, now)
    return end < buckets ? end : 0
  }

  /** Pins in the table, among them expired ones that nothing has freed yet. */
  get live(): number {
    return Atomics.load(this.#counts, countWord.live)
  }

  /** Pins that name a replica of this slot, of whatever generation; expired ones count as in `live`. */
  liveOf(replicaSlot: number): number {
    return Atomics.load(this.#pinsBySlot, replicaSlot & (replicaSlots - 1))
  }

  /** What all threads did with the table so far. */
  stats(): PinStats {
    return readPinStats(this.#memory)
  }

  /** Whether the pin that was located gives way to one of the same epoch. */
  #yields(replica: number, instead: number): boolean {
    const seen = this.#slots.seenReplica >>> 0
    return seen !== replica >>> 0 && (replica >>> 0 === noReplica || (instead >= 0 && seen === instead))
  }

  #put(
    expiredSlot: number,
    replica: number,
    epoch: number,
    now: number,
    end: number,
    deadline: number,
  ): void {
    const slots = this.#slots
    if (expiredSlot >= 0) slots.drop(expiredSlot, countWord.evictedExpired)
    const slot = expiredSlot >= 0 ? expiredSlot : slots.emptySlot(now)
    slots.put(slot, replica, epoch, now, end, deadline)
    this.#show(replica, epoch)
  }

  #show(replica: number, epoch: number): void {
    this.replica = replica >>> 0
    this.epoch = epoch
  }

  #tick(ms: number): number {
    return Math.min(Math.max(Math.floor((ms - this.#memory.originMs) / tickMs), 0), maxTick)
  }

  #deadline(nowMs: number, maxAgeMs: number): number {
    return maxAgeMs > 0 ? this.#end(nowMs + maxAgeMs) : 0
  }

  /** The first tick at which a pin that lives until `untilMs` is expired. */
  #end(untilMs: number): number {
    return Math.min(Math.max(Math.ceil((untilMs - this.#memory.originMs) / tickMs), 1), maxTick)
  }
}

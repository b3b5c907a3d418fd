/**
 * One lock a bucket, in the bucket's version word: even is free, odd is held. Holders write a few words and
 * never wait, so a lock that stays held belongs to a thread that was ended inside, and is taken over.
 */

const spins = 1000
const waitMs = 1

/** x86 keeps loads in order and makes a locked exchange a full barrier. */
const keepsOrder = process.arch === 'x64' || process.arch === 'ia32'

/**
 * Keeps the plain reads and writes before it before those after it. `word` is one that no other thread uses.
 * Weakly ordered CPUs need this after taking a lock and before the load that ends a read: on arm64 a
 * store-release followed by a load-acquire orders all around them, and either alone does not. Skipped where it
 * isn't needed, since there it took 70 to 130 of 390 ns off each look-up in a table of a million pins.
 */
export function fence(word: Int32Array): void {
  if (keepsOrder) return
  Atomics.store(word, 0, 0)
  Atomics.load(word, 0)
}

/**
 * Waits of one millisecond before a lock counts as left by a dead thread. On a machine with more to do than cores, a
 * thread that lives may stand still for tens of milliseconds.
 */
const patience = 250

/**
 * Takes the lock of `bucket` and returns its odd version, for `unlockBucket`. Waits at most about
 * `patience` milliseconds for each other holder. Waits are counted, not timed: a process that the system stops
 * for a while must not conclude that its threads died.
 */
export function lockBucket(versions: Int32Array, fenceWord: Int32Array, bucket: number): number {
  let tries = 0
  let heldVersion = 0
  let waits = 0
  for (;;) {
    const version = Atomics.load(versions, bucket)
    if ((version & 1) === 0) {
      const mine = (version + 1) | 0
      if (Atomics.compareExchange(versions, bucket, version, mine) === version) {
        fence(fenceWord)
        return mine
      }
      continue
    }
    if (++tries < spins) continue
    if (version !== heldVersion) {
      heldVersion = version
      waits = 0
    }
    if (waits++ < patience) {
      Atomics.wait(versions, bucket, version, waitMs)
      continue
    }
    const mine = (version + 2) | 0
    if (Atomics.compareExchange(versions, bucket, version, mine) === version) {
      fence(fenceWord)
      return mine
    }
  }
}

/** Frees a lock that is still this thread's: one that was taken over stays its new holder's. */
export function unlockBucket(versions: Int32Array, bucket: number, mine: number): void {
  Atomics.compareExchange(versions, bucket, mine, (mine + 1) | 0)
}

/** Returns an even version of `bucket`, waiting for a writer to finish. */
export function settledVersion(versions: Int32Array, fenceWord: Int32Array, bucket: number): number {
  for (let tries = 0; tries < spins; tries++) {
    const version = Atomics.load(versions, bucket)
    if ((version & 1) === 0) return version
  }
  const mine = lockBucket(versions, fenceWord, bucket)
  unlockBucket(versions, bucket, mine)
  return (mine + 1) | 0
}

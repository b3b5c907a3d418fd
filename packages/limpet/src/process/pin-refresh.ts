import { noReplica } from '../session/pin-memory.ts'
import type { PinScan, ScannedPin } from '../session/pin-scan.ts'
import { pinKey } from '../session/store/pin-store.ts'
import { refreshMs, roundMs, storedExpiry, ttlOf } from '../session/stored-expiry.ts'
import type { StoreKeeper } from './store-keeper.ts'

const EVERY_MS = 1000
const SLICES = roundMs / EVERY_MS
/** Pins that only slide must never take the room of those that have changed. */
const LEAST_FREE = 0.5

/**
 * Has pins in use written to the store a few times in their ttl (`refreshMs`), a slice of the table a second, so
 * that a request of a known session costs the store nothing. After `all`, one round writes every live pin: what a
 * store has lost it gets back, and what others changed while it was away is learned.
 */
export class PinRefresh {
  readonly #scan: PinScan
  readonly #sliceBuckets: number
  readonly #keeper: Pick<StoreKeeper, 'free' | 'offer'>
  #next = 0
  #slicesOfAll = 0
  #timer: NodeJS.Timeout | undefined

  constructor(scan: PinScan, buckets: number, keeper: Pick<StoreKeeper, 'free' | 'offer'>) {
    this.#scan = scan
    this.#sliceBuckets = Math.ceil(buckets / SLICES)
    this.#keeper = keeper
  }

  start(): void {
    this.#timer = setInterval(() => this.#slice(), EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Writes every live pin in the next round. */
  all(): void {
    this.#slicesOfAll = SLICES
  }

  #slice(): void {
    if (this.#keeper.free < LEAST_FREE) return
    const nowMs = Date.now()
    const all = this.#slicesOfAll > 0
    if (all) this.#slicesOfAll--
    this.#next = this.#scan.walk(this.#next, this.#sliceBuckets, (pin) => {
      if (pin.expiresAtMs <= nowMs) return
      const { replica, epoch, usedAtMs, expiresAtMs, deadlineMs } = pin
      if (replica === noReplica) {
        if (all) this.#keeper.offer(pinKey(pin.key), replica, epoch, expiresAtMs, deadlineMs)
      } else if (all || isDue(pin, nowMs)) {
        const untilMs = storedExpiry(nowMs, ttlOf(usedAtMs, expiresAtMs), deadlineMs)
        this.#keeper.offer(pinKey(pin.key), replica, epoch, untilMs, deadlineMs)
      }
    })
  }
}

/** Whether a pin was used since it was last due, and has become due in the round that ends now. */
function isDue({ key, usedAtMs, expiresAtMs }: ScannedPin, nowMs: number): boolean {
  const everyMs = refreshMs(ttlOf(usedAtMs, expiresAtMs))
  if (usedAtMs < nowMs - everyMs - roundMs) return false
  // Each key has moments of its own, so that sessions which began together are not written together for ever.
  const atMs = nowMs + key[3]!
  return Math.floor(atMs / everyMs) > Math.floor((atMs - roundMs) / everyMs)
}

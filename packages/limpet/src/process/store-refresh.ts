import { noReplica, type PinMemory } from '../session/pin-memory.ts'
import { PinScan, type ScannedPin } from '../session/pin-scan.ts'
import { pinKey } from '../session/store/pin-store.ts'
import type { StoreKeeper } from './store-keeper.ts'

const EVERY_MS = 1000
/** A whole round takes this many slices. */
const SLICES = 30
const ROUND_MS = EVERY_MS * SLICES

/**
 * Tells the store which pins are in use, so that it does not forget them: each about once in a quarter of its ttl,
 * a slice of the table a second. So no request has to.
 */
export class StoreRefresh {
  readonly #memory: PinMemory
  readonly #scan: PinScan
  readonly #keeper: Pick<StoreKeeper, 'note'>
  readonly #keepsFor: (replica: number) => boolean
  #next = 0
  #round = 0
  #timer: NodeJS.Timeout | undefined

  /** `keepsFor`: whether the store is to know of sessions on a replica that were never moved or closed. */
  constructor(memory: PinMemory, keeper: Pick<StoreKeeper, 'note'>, keepsFor: (replica: number) => boolean) {
    this.#memory = memory
    this.#scan = new PinScan(memory)
    this.#keeper = keeper
    this.#keepsFor = keepsFor
  }

  start(): void {
    this.#timer = setInterval(() => this.slice(Date.now()), EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** One slice of a round. */
  slice(nowMs: number): void {
    this.#next = this.#scan.walk(this.#next, Math.ceil(this.#memory.buckets / SLICES), (pin) => {
      if (pin.expiresAtMs > nowMs && this.#isDue(pin, nowMs)) this.#note(pin)
    })
    if (this.#next === 0) this.#round++
  }

  #isDue({ key, usedAtMs, expiresAtMs, replica, epoch }: ScannedPin, nowMs: number): boolean {
    if (replica === noReplica || (epoch === 0 && !this.#keepsFor(replica))) return false
    const rounds = Math.max(1, Math.floor((expiresAtMs - usedAtMs) / 4 / ROUND_MS))
    // Those of one ttl are spread over the rounds by their keys.
    return (key[0]! + this.#round) % rounds === 0 && nowMs - usedAtMs <= (rounds + 1) * ROUND_MS
  }

  #note({ key, replica, epoch, usedAtMs, expiresAtMs, deadlineMs }: ScannedPin): void {
    const ttlMs = expiresAtMs - usedAtMs
    this.#keeper.note({ key: pinKey(key), replica, epoch, nowMs: usedAtMs, ttlMs, deadlineMs })
  }
}

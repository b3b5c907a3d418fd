import type { PinTable } from '../session/pin-table.ts'

const EVERY_MS = 1000
/** A whole round takes this many slices, so an expired pin is counted for half a minute at most. */
const SLICES = 30

/** Frees expired pins, a slice a second, so that the counts of live sessions are true and no request pays for it. */
export class PinSweep {
  readonly #pins: PinTable
  readonly #buckets: number
  #next = 0
  #timer: NodeJS.Timeout | undefined

  constructor(pins: PinTable, buckets: number) {
    this.#pins = pins
    this.#buckets = buckets
  }

  start(): void {
    const slice = Math.ceil(this.#buckets / SLICES)
    this.#timer = setInterval(() => {
      this.#next = this.#pins.sweep(Date.now(), this.#next, slice)
    }, EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

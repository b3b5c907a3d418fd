import type { PinTable } from '../session/pin-table.ts'

/** What keeps the hash of a session apart from that of the room which is kept for it. */
const MARK = 0x9e3779b9

/**
 * Room at a replica with a bounded number of sessions, kept for a session that is on its way there and not pinned
 * there yet. It counts as a session, since it is a pin of its own. Of a session's requests that are on their way
 * at once, the first keeps the room for all of them.
 */
export class KeptRoom {
  readonly #pins: PinTable
  readonly #key: Uint32Array
  #isMine = false

  /** `hash` is the session's, read at once. */
  constructor(pins: PinTable, hash: Uint32Array) {
    this.#pins = pins
    this.#key = Uint32Array.of((hash[0]! ^ MARK) >>> 0, hash[1]!, hash[2]!, hash[3]!)
  }

  /** The replica id where room is kept for the session, be it by another of its requests; -1: nowhere. */
  keptAt(nowMs: number): number {
    return this.#pins.look(this.#key, nowMs) ? this.#pins.replica : -1
  }

  /** Keeps room at `replica` for `ttlMs` at most. False: it has `most` sessions, or room is kept elsewhere. */
  keep(replica: number, most: number, nowMs: number, ttlMs: number): boolean {
    const pins = this.#pins
    this.#isMine = pins.insert(this.#key, replica, nowMs, ttlMs, 0)
    if (!this.#isMine) return pins.replica === replica
    if (pins.rank <= most) return true
    // Of threads that take the last room at once, those that came too late give it back.
    this.giveBack()
    return false
  }

  /** The session is pinned now, or is not to be. Nothing happens where another request keeps the room. */
  giveBack(): void {
    if (this.#isMine) this.#pins.remove(this.#key)
    this.#isMine = false
  }
}

import { performance } from 'node:perf_hooks'

/** Something that was put off to the end of the turn. */
export interface Posted {
  flush(): void
}

/**
 * One turn of a thread's event loop: the reads of all sockets that had something to read, then what they have
 * posted. Writes that follow one another take less time than writes between reads (`docs/performance.md`): the
 * code of each kind stays in the CPU's caches, and whoever is woken by the first finds the others waiting, too.
 */
export class Turn {
  readonly #posted: Posted[] = []
  #count = 0
  #scheduled = false
  #nowMs = 0
  #wallMs = 0

  /** The time as `performance.now()` has it, read once a turn. */
  get nowMs(): number {
    if (this.#nowMs === 0) {
      this.#nowMs = performance.now()
      this.#schedule()
    }
    return this.#nowMs
  }

  /** The time as `Date.now()` has it, read once a turn. */
  get wallMs(): number {
    if (this.#wallMs === 0) {
      this.#wallMs = Date.now()
      this.#schedule()
    }
    return this.#wallMs
  }

  /** Calls `item.flush` at the end of this turn. */
  post(item: Posted): void {
    this.#posted[this.#count++] = item
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#end)
  }

  readonly #end = (): void => {
    // One that is posted meanwhile belongs to the same turn.
    for (let at = 0; at < this.#count; at++) this.#posted[at]!.flush()
    this.#count = 0
    this.#nowMs = this.#wallMs = 0
    this.#scheduled = false
  }
}

import type { LimitsConfig } from '../config/schema.ts'
import { lockBucket, unlockBucket } from '../session/bucket-lock.ts'

type ConnectionLimits = Pick<LimitsConfig, 'connections' | 'connectionsPerClient'>

/** Shared memory of how many connections there are; one block a thread. */
export interface AdmissionMemory {
  readonly threads: readonly SharedArrayBuffer[]
  /** The one lock that is held while a connection is let in. */
  readonly lock: SharedArrayBuffer
}

const ROWS = 4
const ROW_CELLS = 65_536
const TOTAL = 0
const CELLS = 1 + ROWS * ROW_CELLS

export function createAdmissionMemory(threads: number): AdmissionMemory {
  return {
    threads: Array.from({ length: threads }, () => new SharedArrayBuffer(CELLS * 4)),
    lock: new SharedArrayBuffer(4),
  }
}

/**
 * Holds connections to `limits.connections` and `limits.connectionsPerClient`, over all threads. Addresses are
 * counted in a count-min sketch (Cormode and Muthukrishnan, 2005): its memory (1 MiB a thread) does not grow with
 * the number of clients, and it can only count too many, for an address that shares its cell of each row with
 * others: about 4 in 10,000 do when 10,000 clients are connected.
 */
export class Admission {
  readonly #all: readonly Int32Array[]
  readonly #own: Int32Array
  readonly #lock: Int32Array
  readonly #fenceWord = new Int32Array(1)

  constructor(memory: AdmissionMemory, thread: number) {
    this.#all = memory.threads.map((block) => new Int32Array(block))
    this.#own = this.#all[thread]!
    this.#lock = new Int32Array(memory.lock)
  }

  /** Counts a connection from `address` in, unless there are enough; then false. */
  admit(address: string, limits: ConnectionLimits): boolean {
    const cells = cellsOf(address)
    // Two threads that look at once would both find the last place free.
    const held = lockBucket(this.#lock, this.#fenceWord, 0)
    const hasPlace = this.#hasPlace(cells, limits)
    if (hasPlace) {
      this.#own[TOTAL]!++
      for (const cell of cells) this.#own[cell]!++
    }
    unlockBucket(this.#lock, 0, held)
    return hasPlace
  }

  #hasPlace(cells: readonly number[], { connections, connectionsPerClient }: ConnectionLimits): boolean {
    if (connections > 0 && this.#sum(TOTAL) >= connections) return false
    if (connectionsPerClient === 0) return true
    return Math.min(...cells.map((cell) => this.#sum(cell))) < connectionsPerClient
  }

  /** Counts an admitted connection out. */
  leave(address: string): void {
    this.#own[TOTAL]!--
    for (const cell of cellsOf(address)) this.#own[cell]!--
  }

  #sum(cell: number): number {
    let sum = 0
    for (const cells of this.#all) sum += cells[cell]!
    return sum
  }
}

/** Starts a thread's counts anew, after it died with its connections. */
export function forgetAdmissions(memory: AdmissionMemory, thread: number): void {
  new Int32Array(memory.threads[thread]!).fill(0)
}

/** An address's cell in each row: FNV-1a from two starts. */
function cellsOf(address: string): number[] {
  const cells: number[] = []
  for (let row = 0; row < ROWS; row++) {
    let hash = 0x811c9dc5 ^ (row * 0x9e3779b1)
    for (let at = 0; at < address.length; at++) hash = Math.imul(hash ^ address.charCodeAt(at), 0x01000193)
    hash ^= hash >>> 15
    cells.push(1 + row * ROW_CELLS + ((hash >>> 0) % ROW_CELLS))
  }
  return cells
}

import { MAX_SLOTS } from './replica-id.ts'

/** Shared memory of the states and loads of all replicas; goes to worker threads as it is. */
export interface BoardMemory {
  readonly cells: SharedArrayBuffer
  readonly times: SharedArrayBuffer
  /** One row of in-flight and tunnel counts a thread, to take back what a thread that died had under way. */
  readonly rows: SharedArrayBuffer
}

/**
 * What the operator (or the config) wants of a replica. `draining`: it keeps its sessions and gets no new ones;
 * `drained`: its sessions are to go elsewhere too, now that they had their time.
 */
export type ReplicaMode = 'ready' | 'draining' | 'drained'

/** Why a replica can't serve the sessions it holds. */
export type Unusable = 'removed' | 'down' | 'ejected' | 'drained'

/** When to leave a replica alone after failed connections; `failures` in a row start it. */
export interface EjectionRule {
  readonly failures: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

const ABSENT = 0
const modes = [undefined, 'ready', 'draining', 'drained'] as const
const READY = modes.indexOf('ready')
const DRAINED = modes.indexOf('drained')

const MODE = 0
const DOWN = 1
const FAILURES = 2
const EJECTIONS = 3
/** Counted by thread, too. */
const IN_FLIGHT = 4
const TUNNELS = 5
const COLUMNS = 6
const COUNTED = COLUMNS - IN_FLIGHT

const EJECTED_UNTIL = 0
const DRAINS_SINCE = 1
const DRAINED_AT = 2
const TIMES = 3

/** What the active health check can find; `unready` is a replica that answers, and says that it can't serve. */
const healthStates = ['up', 'down', 'unready'] as const
export type Health = (typeof healthStates)[number]

/** Makes the memory for `threads` threads that serve. */
export function createBoardMemory(threads: number): BoardMemory {
  return {
    cells: new SharedArrayBuffer(MAX_SLOTS * COLUMNS * 4),
    times: new SharedArrayBuffer(MAX_SLOTS * TIMES * 8),
    rows: new SharedArrayBuffer(MAX_SLOTS * COUNTED * 4 * threads),
  }
}

/**
 * The states and loads of all replicas, seen and changed by every thread at once: what one thread learns of a
 * dead replica, all act on at their next request. Slots index everything.
 */
export class ReplicaBoard {
  /** The wall clock that ejections are held against; set by the caller before a round of questions. */
  nowMs = 0
  readonly #cells: Int32Array
  readonly #times: Float64Array
  readonly #rows: Int32Array
  readonly #row: number

  /** `thread` is the row of the calling thread's own in-flight counts. */
  constructor(memory: BoardMemory, thread: number) {
    this.#cells = new Int32Array(memory.cells)
    this.#times = new Float64Array(memory.times)
    this.#rows = new Int32Array(memory.rows)
    this.#row = thread * MAX_SLOTS * COUNTED
  }

  /** Puts a replica on the board, as good as new. */
  add(slot: number, mode: ReplicaMode): void {
    const cell = slot * COLUMNS
    for (const column of [DOWN, FAILURES, EJECTIONS]) Atomics.store(this.#cells, cell + column, 0)
    this.#setTime(slot, EJECTED_UNTIL, 0)
    this.setMode(slot, mode)
  }

  setMode(slot: number, mode: ReplicaMode): void {
    Atomics.store(this.#cells, slot * COLUMNS + MODE, modes.indexOf(mode))
  }

  /** Says when a replica's drain began and ends, by the wall clock; Infinity: never. For `leavesAtMs`. */
  setDrain(slot: number, sinceMs: number, untilMs: number): void {
    this.#setTime(slot, DRAINS_SINCE, sinceMs)
    this.#setTime(slot, DRAINED_AT, untilMs)
  }

  /**
   * When a session whose place in the order of leaving is `share`, above 0 and at most 1, has to leave a replica that
   * drains, by the wall clock: the sessions of a replica leave spread over its drain time, and all threads agree on
   * when each does. Infinity: it need not.
   */
  leavesAtMs(slot: number, share: number): number {
    const mode = this.mode(slot)
    if (mode !== 'draining' && mode !== 'drained') return Number.POSITIVE_INFINITY
    const sinceMs = this.#time(slot, DRAINS_SINCE)
    return sinceMs + share * (this.#time(slot, DRAINED_AT) - sinceMs)
  }

  mode(slot: number): ReplicaMode | undefined {
    return modes[Atomics.load(this.#cells, slot * COLUMNS + MODE)]
  }

  /** Takes a replica off the board: nothing goes there any more. */
  remove(slot: number): void {
    Atomics.store(this.#cells, slot * COLUMNS + MODE, ABSENT)
  }

  /** What the active health check found. A recovery ends an ejection too. */
  setHealth(slot: number, health: Health): void {
    Atomics.store(this.#cells, slot * COLUMNS + DOWN, healthStates.indexOf(health))
    if (health === 'up') this.connected(slot)
  }

  health(slot: number): Health {
    return healthStates[Atomics.load(this.#cells, slot * COLUMNS + DOWN)]!
  }

  isDown(slot: number): boolean {
    return this.health(slot) !== 'up'
  }

  isEjected(slot: number): boolean {
    return this.#time(slot, EJECTED_UNTIL) > this.nowMs
  }

  /** Whether new sessions and requests may go there. */
  takesNew(slot: number): boolean {
    const cells = this.#cells
    const cell = slot * COLUMNS
    return cells[cell + MODE] === READY && cells[cell + DOWN] === 0 && !this.isEjected(slot)
  }

  /** Whether they may as a last resort: nothing but an ejection speaks against it. */
  mayTakeNew(slot: number): boolean {
    const cell = slot * COLUMNS
    return this.#cells[cell + MODE] === READY && this.#cells[cell + DOWN] === 0
  }

  /** Why sessions that live there can't be served now; undefined when they can. */
  whyUnusable(slot: number): Unusable | undefined {
    const cells = this.#cells
    const cell = slot * COLUMNS
    if (cells[cell + MODE] === ABSENT) return 'removed'
    if (cells[cell + DOWN] !== 0) return 'down'
    if (this.isEjected(slot)) return 'ejected'
    return cells[cell + MODE] === DRAINED ? 'drained' : undefined
  }

  /** A connection came about: earlier failures count no more. */
  connected(slot: number): void {
    const cell = slot * COLUMNS
    // Read first: nearly always there is nothing to clear, and writing would pull the line from the other cores.
    if (this.#cells[cell + FAILURES] === 0 && this.#cells[cell + EJECTIONS] === 0) return
    Atomics.store(this.#cells, cell + FAILURES, 0)
    Atomics.store(this.#cells, cell + EJECTIONS, 0)
    this.#setTime(slot, EJECTED_UNTIL, 0)
  }

  /**
   * No connection came about. After `rule.failures` in a row the replica is ejected for a time that doubles
   * with each ejection; when that is over one more failure is enough. Returns whether this ejected it.
   */
  connectFailed(slot: number, rule: EjectionRule | undefined, nowMs: number): boolean {
    if (rule === undefined) return false
    const cell = slot * COLUMNS
    const failures = Atomics.add(this.#cells, cell + FAILURES, 1) + 1
    const ejections = Atomics.load(this.#cells, cell + EJECTIONS)
    if (this.#time(slot, EJECTED_UNTIL) > nowMs || (failures < rule.failures && ejections === 0)) return false
    // One thread ejects; the others that failed at the same moment find the count changed.
    if (Atomics.compareExchange(this.#cells, cell + EJECTIONS, ejections, ejections + 1) !== ejections)
      return false
    const backoffMs = Math.min(rule.maxBackoffMs, rule.backoffMs * 2 ** Math.min(ejections, 20))
    this.#setTime(slot, EJECTED_UNTIL, nowMs + backoffMs)
    return true
  }

  begin(slot: number): void {
    this.#count(slot, IN_FLIGHT, 1)
  }

  end(slot: number): void {
    this.#count(slot, IN_FLIGHT, -1)
  }

  /** A request under way has become a tunnel. */
  beginTunnel(slot: number): void {
    this.#count(slot, TUNNELS, 1)
  }

  endTunnel(slot: number): void {
    this.#count(slot, TUNNELS, -1)
  }

  inFlight(slot: number): number {
    return this.#cells[slot * COLUMNS + IN_FLIGHT]!
  }

  tunnels(slot: number): number {
    return this.#cells[slot * COLUMNS + TUNNELS]!
  }

  /** Those of replicas that are on the board no more, too. */
  allTunnels(): number {
    let count = 0
    for (let slot = 0; slot < MAX_SLOTS; slot++) count += this.tunnels(slot)
    return count
  }

  /** Takes back what a thread that died had in flight. */
  forgetThread(thread: number): void {
    const row = thread * MAX_SLOTS * COUNTED
    for (let at = 0; at < MAX_SLOTS * COUNTED; at++) {
      const count = this.#rows[row + at]!
      if (count === 0) continue
      const column = IN_FLIGHT + (at % COUNTED)
      Atomics.sub(this.#cells, Math.floor(at / COUNTED) * COLUMNS + column, count)
      this.#rows[row + at] = 0
    }
  }

  #count(slot: number, column: typeof IN_FLIGHT | typeof TUNNELS, by: number): void {
    Atomics.add(this.#cells, slot * COLUMNS + column, by)
    this.#rows[this.#row + slot * COUNTED + column - IN_FLIGHT]! += by
  }

  #time(slot: number, column: number): number {
    return this.#times[slot * TIMES + column]!
  }

  #setTime(slot: number, column: number, ms: number): void {
    this.#times[slot * TIMES + column] = ms
  }
}

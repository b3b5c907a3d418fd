import { refusalCodes } from '../errors.ts'

/** What was decided about a request's session; the words of the field `limpet-decision`. */
export const decisions = ['hit', 'new', 'moved', 'none'] as const
export type Decision = (typeof decisions)[number]

/** Why a session was moved to another replica. */
export const moveReasons = [
  'removed',
  'down',
  'ejected',
  'refused',
  'connect-timeout',
  'closed',
  'drained',
  'unknown-session',
] as const
export type MoveReason = (typeof moveReasons)[number]

/** Upper edges of the buckets of request durations, in milliseconds; the last bucket has none. */
export const durationEdgesMs = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000,
] as const

/**
 * Why the router ended an upgraded connection: its session is to leave a replica that drains, is down or was
 * removed; the router stops; the replica broke off; nothing came for too long; an end did not answer a ping.
 */
export const tunnelEnds = ['drained', 'down', 'removed', 'restart', 'replica-lost', 'idle', 'silent'] as const
export type TunnelEnd = (typeof tunnelEnds)[number]

/** Why the data path gave up on a connection. */
export const timeoutKinds = [
  'head',
  'idle',
  'request-body',
  'write-stall',
  'stream',
  'tunnel-idle',
  'tunnel-silent',
] as const
export type TimeoutKind = (typeof timeoutKinds)[number]

const statusClasses = 6

/** Cells for each replica slot. */
const REPLICA = {
  decisions: 0,
  statuses: decisions.length,
  requestBytes: 10,
  responseBytes: 11,
  ejections: 12,
  tunnels: 13,
}
const REPLICA_CELLS = 14
/** Cells for each service. */
const SERVICE = {
  durations: 0,
  durationSum: durationEdgesMs.length + 1,
  moves: durationEdgesMs.length + 2,
  retries: durationEdgesMs.length + 2 + moveReasons.length,
  sourceErrors: durationEdgesMs.length + 3 + moveReasons.length,
  aborted: durationEdgesMs.length + 4 + moveReasons.length,
  tunnelEnds: durationEdgesMs.length + 5 + moveReasons.length,
}
const SERVICE_CELLS = durationEdgesMs.length + 5 + moveReasons.length + tunnelEnds.length
export const MAX_SERVICES = 1024
/** Cells of the thread as a whole. */
const connectionCells = ['opened', 'closed', 'refusedConnections'] as const
type ConnectionCell = (typeof connectionCells)[number]

/** One thread's counters: memory that only it writes and the main thread reads. */
export interface CounterMemory {
  readonly cells: SharedArrayBuffer
}

const THREAD_CELLS = connectionCells.length + timeoutKinds.length + refusalCodes.length
const SERVICES_AT = THREAD_CELLS

function replicasAt(): number {
  return SERVICES_AT + MAX_SERVICES * SERVICE_CELLS
}

/** Memory for one thread. `slots` is how many replica slots there are. */
export function createCounterMemory(slots: number): CounterMemory {
  return { cells: new SharedArrayBuffer((replicasAt() + slots * REPLICA_CELLS) * 8) }
}

/**
 * Counts, as plain numbers in memory that outlives its thread: nothing is allocated, looked up or sent per
 * request, and a thread that dies takes no count with it. Numbers only grow, so a reader that comes between two
 * writes sees a value that was true a moment ago.
 */
export class Counters {
  readonly #cells: Float64Array

  constructor(memory: CounterMemory) {
    this.#cells = new Float64Array(memory.cells)
  }

  connection(cell: ConnectionCell): void {
    this.#cells[connectionCells.indexOf(cell)]!++
  }

  /** The thread is gone, and its connections with it. */
  closeAll(): void {
    const cells = this.#cells
    cells[connectionCells.indexOf('closed')] = cells[connectionCells.indexOf('opened')]!
  }

  timedOut(kind: TimeoutKind): void {
    this.#cells[connectionCells.length + timeoutKinds.indexOf(kind)]!++
  }

  refused(codeIndex: number): void {
    this.#cells[connectionCells.length + timeoutKinds.length + codeIndex]!++
  }

  /** One finished request of a replica; `status` 0 counts as aborted by the client. */
  request(slot: number, decision: number, status: number, requestBytes: number, responseBytes: number): void {
    const at = replicasAt() + slot * REPLICA_CELLS
    const cells = this.#cells
    cells[at + REPLICA.decisions + decision]!++
    cells[at + REPLICA.statuses + Math.min(Math.floor(status / 100), statusClasses - 1)]!++
    cells[at + REPLICA.requestBytes]! += requestBytes
    cells[at + REPLICA.responseBytes]! += responseBytes
  }

  /** A request of a replica has become a tunnel. */
  upgraded(slot: number): void {
    this.#cells[replicasAt() + slot * REPLICA_CELLS + REPLICA.tunnels]!++
  }

  ejected(slot: number): void {
    this.#cells[replicasAt() + slot * REPLICA_CELLS + REPLICA.ejections]!++
  }

  duration(service: number, durationMs: number): void {
    let bucket = 0
    while (bucket < durationEdgesMs.length && durationMs > durationEdgesMs[bucket]!) bucket++
    const at = SERVICES_AT + service * SERVICE_CELLS
    this.#cells[at + SERVICE.durations + bucket]!++
    this.#cells[at + SERVICE.durationSum]! += durationMs
  }

  moved(service: number, reason: MoveReason): void {
    this.#cells[SERVICES_AT + service * SERVICE_CELLS + SERVICE.moves + moveReasons.indexOf(reason)]!++
  }

  retried(service: number, times: number): void {
    this.#cells[SERVICES_AT + service * SERVICE_CELLS + SERVICE.retries]! += times
  }

  sourceFailed(service: number): void {
    this.#cells[SERVICES_AT + service * SERVICE_CELLS + SERVICE.sourceErrors]!++
  }

  aborted(service: number): void {
    this.#cells[SERVICES_AT + service * SERVICE_CELLS + SERVICE.aborted]!++
  }

  tunnelEnded(service: number, why: TunnelEnd): void {
    this.#cells[SERVICES_AT + service * SERVICE_CELLS + SERVICE.tunnelEnds + tunnelEnds.indexOf(why)]!++
  }
}

/** The sums over all threads, for whoever shows them. */
export class CounterReader {
  readonly #threads: readonly Float64Array[]

  constructor(memories: readonly CounterMemory[]) {
    this.#threads = memories.map(({ cells }) => new Float64Array(cells))
  }

  #sum(cell: number): number {
    let sum = 0
    for (const cells of this.#threads) sum += cells[cell]!
    return sum
  }

  connections(cell: ConnectionCell): number {
    return this.#sum(connectionCells.indexOf(cell))
  }

  timeouts(kind: number): number {
    return this.#sum(connectionCells.length + kind)
  }

  refusals(codeIndex: number): number {
    return this.#sum(connectionCells.length + timeoutKinds.length + codeIndex)
  }

  replica(slot: number): {
    decisions: number[]
    statuses: number[]
    requestBytes: number
    responseBytes: number
    ejections: number
    tunnels: number
  } {
    const at = replicasAt() + slot * REPLICA_CELLS
    return {
      decisions: decisions.map((_, index) => this.#sum(at + REPLICA.decisions + index)),
      statuses: Array.from({ length: statusClasses }, (_, index) => this.#sum(at + REPLICA.statuses + index)),
      requestBytes: this.#sum(at + REPLICA.requestBytes),
      responseBytes: this.#sum(at + REPLICA.responseBytes),
      ejections: this.#sum(at + REPLICA.ejections),
      tunnels: this.#sum(at + REPLICA.tunnels),
    }
  }

  service(index: number): {
    durations: number[]
    durationSumMs: number
    moves: number[]
    retries: number
    sourceErrors: number
    aborted: number
    tunnelEnds: number[]
  } {
    const at = SERVICES_AT + index * SERVICE_CELLS
    return {
      durations: Array.from({ length: durationEdgesMs.length + 1 }, (_, i) =>
        this.#sum(at + SERVICE.durations + i),
      ),
      durationSumMs: this.#sum(at + SERVICE.durationSum),
      moves: moveReasons.map((_, i) => this.#sum(at + SERVICE.moves + i)),
      retries: this.#sum(at + SERVICE.retries),
      sourceErrors: this.#sum(at + SERVICE.sourceErrors),
      aborted: this.#sum(at + SERVICE.aborted),
      tunnelEnds: tunnelEnds.map((_, i) => this.#sum(at + SERVICE.tunnelEnds + i)),
    }
  }

  /** Starts a slot's or a service's numbers anew, for its next owner. */
  clearReplica(slot: number): void {
    const at = replicasAt() + slot * REPLICA_CELLS
    for (const cells of this.#threads) cells.fill(0, at, at + REPLICA_CELLS)
  }

  clearService(index: number): void {
    const at = SERVICES_AT + index * SERVICE_CELLS
    for (const cells of this.#threads) cells.fill(0, at, at + SERVICE_CELLS)
  }
}

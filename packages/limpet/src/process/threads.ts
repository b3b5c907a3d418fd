import type { Logger } from 'pino'
import type { ListenAddress } from '../config/schema.ts'
import { forgetAdmissions } from '../http/admission.ts'
import { Counters } from '../observe/counters.ts'
import type { ReplicaBoard } from '../replicas/replica-board.ts'
import type { Keyring } from '../session/keyring.ts'
import type { SessionRecords } from '../session/session-record.ts'
import { LocalTurns } from '../session/turns.ts'
import { type RoutingConfig, RoutingThread, type ThreadHooks } from './routing-thread.ts'
import type { SharedMemory } from './shared-memory.ts'
import { WorkerHandle } from './worker-handle.ts'

/** How long a worker may take to start, load a config or listen. */
const ORDER_TIMEOUT_MS = 30_000
const RESTART_FIRST_MS = 100
const RESTART_LAST_MS = 5000
/** A worker that lived this long did not die of what killed the one before. */
const SETTLED_MS = 60_000

/** The threads that serve, whether they are workers or the caller's own. */
export interface ServingThreads {
  configure(routing: RoutingConfig): Promise<void>
  /** Resolves to the port that all threads listen at. */
  listen(address: ListenAddress): Promise<number>
  close(deadlineMs: number): Promise<void>
}

/** What serving threads are made with. */
export interface ThreadParts {
  readonly memory: SharedMemory
  readonly keyring: Keyring
  readonly board: ReplicaBoard
  readonly hooks: ThreadHooks
  readonly records: SessionRecords
  readonly log: Logger
}

/** Serves in the calling thread: for programs that bring session functions of their own. */
export function serveHere({ memory, keyring, hooks, records }: ThreadParts): ServingThreads {
  let serving: RoutingThread | undefined
  return {
    configure: async (routing) => {
      if (serving === undefined)
        serving = await RoutingThread.start(
          { memory, keyring, thread: 0, turns: new LocalTurns(), records },
          hooks,
          routing,
        )
      else await serving.configure(routing)
    },
    listen: async (address) => (await serving?.listen(address, false)) ?? address.port,
    close: async (deadlineMs) => serving?.close(deadlineMs),
  }
}

/** Worker threads, each with a listener at the same port. One that dies is replaced. */
export class WorkerThreads implements ServingThreads {
  readonly #parts: ThreadParts
  readonly #workers: (WorkerHandle | undefined)[]
  readonly #turns = new LocalTurns()
  readonly #restarts = new Map<number, NodeJS.Timeout>()
  #routing: RoutingConfig | undefined
  #address: ListenAddress | undefined
  #closing = false

  constructor(count: number, parts: ThreadParts) {
    this.#parts = parts
    this.#workers = Array.from({ length: count }, (_, thread) => this.#start(thread, RESTART_FIRST_MS))
  }

  async configure(routing: RoutingConfig): Promise<void> {
    const before = this.#routing
    // Before the workers have it, since one that is being replaced meanwhile must come up with it.
    this.#routing = routing
    try {
      await this.#all((worker) => worker.send({ order: 'configure', routing }, ORDER_TIMEOUT_MS))
    } catch (error) {
      this.#routing = before
      throw error
    }
  }

  async listen(address: ListenAddress): Promise<number> {
    this.#address = address
    await this.#all((worker) => worker.send({ order: 'listen', address }, ORDER_TIMEOUT_MS))
    return address.port
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true
    for (const timer of this.#restarts.values()) clearTimeout(timer)
    const close = async (worker: WorkerHandle): Promise<void> => {
      try {
        await worker.send({ order: 'close', deadlineMs }, deadlineMs + 5000)
      } finally {
        await worker.terminate()
      }
    }
    await Promise.allSettled(this.#workers.filter((worker) => worker !== undefined).map(close))
  }

  async #all(order: (worker: WorkerHandle) => Promise<void>): Promise<void> {
    await Promise.all(this.#workers.filter((worker) => worker !== undefined).map(order))
  }

  #start(thread: number, nextRestartMs: number): WorkerHandle {
    const { memory, keyring, hooks, records } = this.#parts
    const keepers = { turns: this.#turns, records }
    const startedMs = performance.now()
    return new WorkerHandle({ memory, thread, keyring }, keepers, hooks, (error) => {
      const settled = performance.now() - startedMs > SETTLED_MS
      this.#onExit(thread, error, settled ? RESTART_FIRST_MS : nextRestartMs)
    })
  }

  #onExit(thread: number, error: Error | undefined, restartMs: number): void {
    if (this.#closing) return
    const { memory, board, log } = this.#parts
    this.#workers[thread] = undefined
    board.forgetThread(thread)
    forgetAdmissions(memory.admission, thread)
    new Counters(memory.counters[thread]!).closeAll()
    log.error({ thread, err: error, restartMs }, 'a worker thread died; it is replaced')
    const timer = setTimeout(() => void this.#replace(thread, restartMs), restartMs)
    this.#restarts.set(thread, timer)
  }

  async #replace(thread: number, restartMs: number): Promise<void> {
    const worker = this.#start(thread, Math.min(restartMs * 2, RESTART_LAST_MS))
    this.#workers[thread] = worker
    try {
      if (this.#routing !== undefined)
        await worker.send({ order: 'configure', routing: this.#routing }, ORDER_TIMEOUT_MS)
      if (this.#address !== undefined)
        await worker.send({ order: 'listen', address: this.#address }, ORDER_TIMEOUT_MS)
    } catch (error) {
      this.#parts.log.error({ thread, err: error }, 'the new worker thread did not come up')
      await worker.terminate()
    }
  }
}

import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { replicaSchema } from '../config/replica-schema.ts'
import type { HealthConfig } from '../config/schema.ts'
import type { Guard } from './guard.ts'
import { untilHealthy } from './listen-probe.ts'
import { RestartDelay } from './restart-delay.ts'
import type { WorkerCommand } from './worker-command.ts'
import type { WorkerPlace } from './worker-places.ts'
import { type WorkerExit, WorkerProcess } from './worker-process.ts'

/** What one worker needs of its group. */
export interface WorkerParts {
  readonly name: string
  readonly health: HealthConfig
  readonly readyTimeoutMs: number
  readonly graceMs: number
  readonly guard: Guard
  readonly log: Logger
  /** Where it is to listen in the life that begins; routed to by then. */
  place(): Promise<WorkerPlace>
  command(place: WorkerPlace): WorkerCommand
  /** Takes the output of a process that has started; undefined: it goes where this process's own goes. */
  readonly takeOutput: ((child: ChildProcess) => void) | undefined
  /** It takes requests from now on. */
  onUp(): void
  /** It takes none any more. */
  onDown(): void
  /** It has ended by itself. */
  onDeath(exit: WorkerExit): void
}

/** One worker over all the lives of its process: it is started again however it ends, until `close`. */
export class KeptWorker {
  readonly name: string
  /** Whether it takes requests. */
  up = false
  /** How often it was started again. */
  restarts = 0
  /** How often it has ended by itself, or did not listen. */
  deaths = 0
  /** Whether anything ever listened where it was told to. */
  hasListened = false
  readonly #parts: WorkerParts
  readonly #delay = new RestartDelay()
  readonly #waiting: ((up: boolean) => void)[] = []
  #process: WorkerProcess | undefined
  /** Ends the wait between two lives. */
  #pause = new AbortController()
  #isAskedTo = false
  #closing = false
  #done: Promise<void> | undefined

  constructor(parts: WorkerParts) {
    this.name = parts.name
    this.#parts = parts
  }

  start(): void {
    this.#done = this.#run()
  }

  /** Ends its process and starts another. Resolves to whether that came up. */
  async restart(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.push(resolve)
    await this.#end()
    return promise
  }

  /** Ends its process for good. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#end()
    await this.#done
    this.#settle(false)
  }

  /** SIGKILL, for a program that has no time left. */
  kill(): void {
    this.#process?.signal('SIGKILL')
  }

  async #end(): Promise<void> {
    this.#isAskedTo = true
    this.#pause.abort()
    await this.#process?.stop(this.#parts.graceMs)
  }

  async #run(): Promise<void> {
    while (!this.#closing) {
      this.#isAskedTo = false
      const startedMs = performance.now()
      const exit = await this.#live()
      if (this.#closing) return
      if (!this.#isAskedTo) await this.#rest(exit, this.#delay.after(performance.now() - startedMs))
      this.restarts++
    }
  }

  /** One life, from its start to its end. Undefined: it was ended since it did not listen. */
  async #live(): Promise<WorkerExit | undefined> {
    const { name, log, health, readyTimeoutMs, graceMs, guard } = this.#parts
    const startedMs = performance.now()
    let place: WorkerPlace
    try {
      place = await this.#parts.place()
    } catch (error) {
      return { code: null, signal: null, error: error as Error }
    }
    if (this.#closing) return undefined
    // Whoever asked for a restart by now gets it with this life.
    this.#isAskedTo = false
    const child = new WorkerProcess(this.#parts.command(place), guard, this.#parts.takeOutput)
    this.#process = child
    const alive = new AbortController()
    void child.exited.then(() => alive.abort())
    const replica = replicaSchema.parse({ url: place.url, name })
    const fault = await untilHealthy(replica, health, readyTimeoutMs, alive.signal)
    if (fault === undefined) {
      this.up = true
      this.hasListened = true
      this.#parts.onUp()
      log.info(
        { worker: name, pid: child.pid, ms: Math.round(performance.now() - startedMs) },
        'a worker is up',
      )
      this.#settle(true)
    }
    const isDeaf = fault !== undefined && !alive.signal.aborted && !this.#isAskedTo
    if (isDeaf) {
      const at = place.kind === 'port' ? `port ${place.port} of 127.0.0.1 (PORT)` : 'the socket LIMPET_SOCKET'
      log.error(
        { worker: name, pid: child.pid, reason: fault, afterMs: readyTimeoutMs },
        `a worker does not serve where it was told to, and is started again: it must listen at ${at}`,
      )
      await child.stop(graceMs)
    }
    const exit = await child.exited
    this.up = false
    this.#parts.onDown()
    return isDeaf ? undefined : exit
  }

  /** Waits before the next life, since this one ended without being asked to. */
  async #rest(exit: WorkerExit | undefined, restartMs: number): Promise<void> {
    const { name, log, onDeath } = this.#parts
    this.deaths++
    if (exit !== undefined) {
      const { code, signal, error } = exit
      const fields = { worker: name, code, signal, error: error?.message, restartMs }
      log.warn(fields, 'a worker ended; it is started again')
      onDeath(exit)
    }
    this.#settle(false)
    this.#pause = new AbortController()
    await sleep(restartMs, undefined, { signal: this.#pause.signal }).catch(() => undefined)
  }

  #settle(up: boolean): void {
    for (const resolve of this.#waiting.splice(0)) resolve(up)
  }
}

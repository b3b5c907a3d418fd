import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { HealthConfig } from '../config/schema.ts'
import type { ProcessCounts } from '../observe/process-metrics.ts'
import { Guard } from './guard.ts'
import { KeptWorker } from './kept-worker.ts'
import { commandOf } from './worker-command.ts'
import type { WorkerPlaces } from './worker-places.ts'
import type { WorkerExit } from './worker-process.ts'

/** A replica that stands for a worker. */
export interface WorkerReplica {
  readonly name: string
  readonly url: string
  readonly drain: boolean
}

/** The router, as the group of workers behind it uses it. */
export interface WorkerRouting {
  /** Puts these replicas in force. */
  put(replicas: readonly WorkerReplica[]): Promise<void>
  /** Lets nothing go to a worker, whatever checks find, until `release`. */
  hold(name: string): void
  release(name: string): void
  /** How many requests are under way there. */
  inFlight(name: string): number
}

/** How the workers are run. */
export interface WorkerGroupOptions {
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly health: HealthConfig
  readonly readyTimeoutMs: number
  readonly graceMs: number
  /** Takes the output of a worker's process; undefined: it goes where this process's own goes. */
  readonly takeOutput: ((name: string, child: ChildProcess) => void) | undefined
}

/** Why no worker will ever come up. */
export interface WorkersFault {
  readonly message: string
  /** As shells have it: 127 for a command that is not there, 126 for one that can't be run. */
  readonly exitCode: number
}

/** How often each worker may end before any has listened. */
const MOST_FIRST_DEATHS = 3
const LOOK_EVERY_MS = 20

/** What a worker is called, as a replica and in its own environment. */
export function workerName(index: number): string {
  return `worker-${index}`
}

/** The replicas of workers that have just been given their places. */
export function replicasOf(places: WorkerPlaces, drains: ReadonlySet<string> = new Set()): WorkerReplica[] {
  return places.current.map(({ url }, index) => {
    const name = workerName(index)
    return { name, url, drain: drains.has(name) }
  })
}

/** The worker processes behind a router that already serves: starts them, keeps them and tells the router of them. */
export class WorkerGroup {
  /** Resolves where starting them again is of no use; otherwise never. */
  readonly failed: Promise<WorkersFault>
  readonly #options: WorkerGroupOptions
  readonly #places: WorkerPlaces
  readonly #routing: WorkerRouting
  readonly #log: Logger
  readonly #guard: Guard
  readonly #workers: readonly KeptWorker[]
  readonly #drains = new Set<string>()
  readonly #fail: (fault: WorkersFault) => void
  #rolling: Promise<void> | undefined
  #rollsAgain = false
  #closing = false

  constructor(options: WorkerGroupOptions, places: WorkerPlaces, routing: WorkerRouting, log: Logger) {
    this.#options = options
    this.#places = places
    this.#routing = routing
    this.#log = log
    const { promise, resolve } = Promise.withResolvers<WorkersFault>()
    this.failed = promise
    this.#fail = resolve
    this.#guard = new Guard({ folder: places.folder, graceMs: options.graceMs })
    this.#workers = places.current.map((_, index) => this.#make(index))
  }

  /** Starts them all; each takes requests from when it listens. */
  start(): void {
    for (const { name } of this.#workers) this.#routing.hold(name)
    for (const worker of this.#workers) worker.start()
  }

  /**
   * Restarts one worker after the other: its sessions go elsewhere, what is under way there ends, and the next one's
   * turn comes when it is up again. Ends early where one does not come up. Asked again meanwhile, it begins anew.
   */
  restart(): Promise<void> {
    if (this.#rolling !== undefined) this.#rollsAgain = true
    else {
      this.#rolling = this.#restartAll().finally(() => {
        this.#rolling = undefined
      })
    }
    return this.#rolling
  }

  /** Ends all workers: SIGTERM, and SIGKILL after the time of grace. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all(this.#workers.map((worker) => worker.close()))
    // Who asked for it is told if it failed.
    await this.#rolling?.catch(() => undefined)
    await this.#guard.close()
  }

  /** SIGKILL to all, for a program that has no time left. */
  kill(): void {
    for (const worker of this.#workers) worker.kill()
  }

  counts(): ProcessCounts[] {
    return this.#workers.map(({ name, up, restarts }) => ({ name, up, restarts }))
  }

  #make(index: number): KeptWorker {
    const { command, env, takeOutput, ...options } = this.#options
    const name = workerName(index)
    return new KeptWorker({
      ...options,
      name,
      guard: this.#guard,
      log: this.#log,
      place: async () => {
        const before = this.#places.current[index]!.url
        const place = await this.#places.free(index)
        if (place.url !== before) {
          this.#log.warn(
            { worker: name, port: before, now: place.url },
            "a worker's port was taken: it gets another",
          )
          await this.#put()
        }
        return place
      },
      command: (place) => commandOf(command, name, place, env),
      takeOutput: takeOutput && ((child) => takeOutput(name, child)),
      onUp: () => this.#routing.release(name),
      onDown: () => this.#routing.hold(name),
      onDeath: (exit) => this.#judge(exit),
    })
  }

  #put(): Promise<void> {
    return this.#routing.put(replicasOf(this.#places, this.#drains))
  }

  /** Whether there is a point in going on after a worker's end. */
  #judge(exit: WorkerExit): void {
    if (this.#workers.some(({ hasListened }) => hasListened)) return
    const [file] = this.#options.command
    const { error, code, signal } = exit
    if (error?.code === 'ENOENT') {
      this.#fail({
        message: `there is no command ${file}: write its name or its path as a shell finds it`,
        exitCode: 127,
      })
    } else if (error?.code === 'EACCES') {
      this.#fail({
        message: `${file} can't be run: it is no program, or this user may not run it`,
        exitCode: 126,
      })
    } else if (this.#workers.every(({ deaths }) => deaths >= MOST_FIRST_DEATHS)) {
      const how = error?.message ?? (signal === null ? `exit code ${code}` : `signal ${signal}`)
      const message = `each worker ended ${MOST_FIRST_DEATHS} times before it listened, at last with ${how}: see what ${file} says above`
      this.#fail({ message, exitCode: 1 })
    }
  }

  async #restartAll(): Promise<void> {
    do {
      this.#rollsAgain = false
      this.#log.info('restarting the workers, one after the other')
      for (const worker of this.#workers) {
        const came = await this.#restartOne(worker)
        if (this.#closing) return
        if (came) continue
        this.#log.error(
          { worker: worker.name },
          'a worker did not come up again: the others run on as they are',
        )
        return
      }
      this.#log.info('all workers were restarted')
    } while (this.#rollsAgain)
  }

  async #restartOne(worker: KeptWorker): Promise<boolean> {
    const { name } = worker
    this.#drains.add(name)
    await this.#put()
    await this.#untilIdle(name)
    this.#routing.hold(name)
    // What was given to it a moment before may end too.
    await this.#untilIdle(name)
    const came = !this.#closing && (await worker.restart())
    this.#drains.delete(name)
    await this.#put()
    return came
  }

  async #untilIdle(name: string): Promise<void> {
    const untilMs = performance.now() + this.#options.graceMs
    do await sleep(LOOK_EVERY_MS)
    while (!this.#closing && this.#routing.inFlight(name) > 0 && performance.now() < untilMs)
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Guard } from './guard.ts'
import type { WorkerCommand } from './worker-command.ts'

/** How a process ended; `error` where it could not be started at all. */
export interface WorkerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: NodeJS.ErrnoException
}

const LOOK_EVERY_MS = 20

/**
 * One process with all that it starts: it leads a process group of its own, so that Ctrl-C in a terminal does not
 * reach it before its time, and what it leaves behind ends with it.
 */
export class WorkerProcess {
  readonly pid: number | undefined
  /** Never rejects. */
  readonly exited: Promise<WorkerExit>
  readonly #guard: Guard
  #stopping = false
  #cleared = false

  /** `onStart` may take the process's output; without it, output goes where this process's own goes. */
  constructor(
    { file, args, env }: WorkerCommand,
    guard: Guard,
    onStart: ((child: ChildProcess) => void) | undefined,
  ) {
    this.#guard = guard
    const output = onStart === undefined ? 'inherit' : 'pipe'
    const { promise, resolve } = Promise.withResolvers<WorkerExit>()
    this.exited = promise
    try {
      const child = spawn(file, args, { env, detached: true, stdio: ['ignore', output, output] })
      this.pid = child.pid
      child.once('error', (error) => {
        if (child.pid === undefined) resolve({ code: null, signal: null, error })
      })
      child.once('exit', (code, signal) => {
        if (!this.#stopping) this.#clear()
        resolve({ code, signal })
      })
      if (child.pid === undefined) return
      guard.add(child.pid)
      onStart?.(child)
    } catch (error) {
      // Such as arguments that are too long for the system.
      resolve({ code: null, signal: null, error: error as NodeJS.ErrnoException })
    }
  }

  /**
   * SIGTERM to the group, and SIGKILL `graceMs` later to what is left of it. Resolves when it has ended.
   * A shell may end before what it runs, so the group counts and not its leader.
   */
  async stop(graceMs: number): Promise<void> {
    if (this.pid === undefined) return
    this.#stopping = true
    const untilMs = performance.now() + graceMs
    this.signal('SIGTERM')
    while (performance.now() < untilMs && this.signal(0)) await sleep(LOOK_EVERY_MS)
    this.#clear()
    await this.exited
  }

  /** Signals the group; whether there is one. */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return this.pid !== undefined && !this.#cleared && process.kill(-this.pid, signal)
    } catch {
      return false
    }
  }

  #clear(): void {
    this.signal('SIGKILL')
    // Its number may be another's from now on.
    this.#cleared = true
    if (this.pid !== undefined) this.#guard.remove(this.pid)
  }
}

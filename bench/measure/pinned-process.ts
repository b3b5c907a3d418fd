import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program on cores of its own. */
export interface PinnedProcess {
  readonly pid: number
  /** The last lines that it wrote. */
  log(): string
  /** Resolves with its exit code when it ends; 1 stands for a signal. */
  finished: Promise<number>
  /** Whether it has ended. */
  ended(): boolean
  /** Asks it to end, kills it after three seconds, and kills what it leaves behind in its process group. */
  stop(): Promise<void>
  /** Kills its process group at once, for the end of this process. */
  kill(): void
}

/** What `startPinned` runs. */
export interface PinnedCommand {
  /** Cores as `taskset -c` takes them. */
  cores: string
  command: readonly string[]
  folder: string
  /** Where standard output and standard error go. */
  logFile: string
  environment?: Readonly<Record<string, string>>
}

/** Starts a program pinned to cores. `taskset` replaces itself by it, so the process id is the program's own. */
export function startPinned({ cores, command, folder, logFile, environment }: PinnedCommand): PinnedProcess {
  const log = openSync(logFile, 'a')
  const child = spawn('taskset', ['-c', cores, ...command], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', log, log],
    // A group of its own: it can be ended as a whole, and Ctrl-C reaches only this process, which then ends it.
    detached: true,
  })
  closeSync(log)
  const { pid } = child
  if (pid === undefined) throw new Error(`Can't run taskset for ${command[0]}.`)
  const ended = () => child.exitCode !== null || child.signalCode !== null
  const finished = new Promise<number>((done) => {
    child.once('exit', (code) => {
      // What it left behind, such as workers of a master that crashed, is still in its group.
      signal(-pid, 'SIGKILL')
      done(code ?? 1)
    })
  })
  return {
    pid,
    ended,
    finished,
    log: () => readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n'),
    async stop() {
      if (ended()) return
      signal(pid, 'SIGTERM')
      const late = setTimeout(() => signal(-pid, 'SIGKILL'), 3000)
      await finished
      clearTimeout(late)
    },
    kill() {
      if (!ended()) signal(-pid, 'SIGKILL')
    },
  }
}

/** Resolves when something listens on a port of 127.0.0.1; throws when the process ends first or after 20 s. */
export async function waitForPort(process: PinnedProcess, port: number): Promise<void> {
  const deadlineMs = Date.now() + 20_000
  while (!(await canConnect(port))) {
    if (process.ended()) throw new Error(`It ended at once:\n${process.log()}`)
    if (Date.now() > deadlineMs) throw new Error(`It did not listen within 20 s:\n${process.log()}`)
    await sleep(50)
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}

/** Signals a process, or with a negative id its group; nothing happens when there is none any more. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}

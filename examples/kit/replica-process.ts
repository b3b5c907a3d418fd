import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Whether a replica's process can be asked, has yet to listen, or is gone. */
export type ProcessState = 'starting' | 'ready' | 'dead'

/** A replica that runs as a process of its own and is started again when it dies. */
export interface ReplicaProcess {
  readonly name: string
  /** Stays the same for the life of this object: a restarted replica listens on its old port. */
  readonly url: string
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  readonly state: ProcessState
  /** How many WebSockets it says that it holds. */
  readonly sockets: number
  /** Ends the process as `kill -9` does; it is started again as after any death. */
  kill(): void
  /** Stops the process, after its requests in flight, and resolves when it is gone; it is not started again. */
  stop(): Promise<void>
}

export interface ReplicaProcessOptions {
  readonly name: string
  /** The program's path; it takes `--name` and `--port` and says `{ port }` when it listens. */
  readonly script: string
  readonly args?: readonly string[]
  /** Variables besides those of this process. */
  readonly env?: NodeJS.ProcessEnv
  /** Gets one line for each death and restart. */
  readonly say: (line: string) => void
  /** Called when `pid`, `state` or `sockets` has changed. */
  readonly onChange?: () => void
  /** Asked when it has died; by default it is always started again. */
  readonly mayRestart?: () => boolean
  /** The wait before the first restart; it doubles up to `maxBackoffMs` as long as replicas die young. */
  readonly minBackoffMs?: number
  readonly maxBackoffMs?: number
}

/** What a replica tells the process that has started it. */
export type ReplicaMessage = { readonly port: number } | { readonly sockets: number }

/** A replica that lived this long is not in trouble: its next restart waits the shortest time again. */
const settledMs = 30_000
/** Longer than a replica takes to let requests under way end. */
const graceMs = 10_000

/** Starts a replica and resolves when it listens; rejects when its first process ends before that. */
export async function startReplica(options: ReplicaProcessOptions): Promise<ReplicaProcess> {
  const { name, say, onChange, mayRestart, minBackoffMs = 250, maxBackoffMs = 10_000 } = options
  let backoffMs = minBackoffMs
  let restart: NodeJS.Timeout | undefined
  let stopping = false
  let state: ProcessState = 'starting'
  let sockets = 0
  let child = launch(options, 0)
  const port = await portOf(child, name)
  state = 'ready'
  watch(child, Date.now())

  function watch(watched: ChildProcess, startedAtMs: number): void {
    watched.on('message', (message: ReplicaMessage) => {
      if ('sockets' in message) sockets = message.sockets
      else state = 'ready'
      onChange?.()
    })
    watched.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`, startedAtMs))
    watched.once('error', (error) => watched.pid === undefined && onEnd(error.message, startedAtMs))
  }

  function onEnd(why: string, startedAtMs: number): void {
    state = 'dead'
    sockets = 0
    if (!stopping && mayRestart?.() === false) say(`replica ${name} died (${why})`)
    else if (!stopping) startAgain(why, startedAtMs)
    onChange?.()
  }

  function startAgain(why: string, startedAtMs: number): void {
    if (Date.now() - startedAtMs >= settledMs) backoffMs = minBackoffMs
    say(`replica ${name} died (${why}); starting it again in ${backoffMs} ms`)
    restart = setTimeout(() => {
      state = 'starting'
      child = launch(options, port)
      child.once('message', () => say(`replica ${name} is back`))
      watch(child, Date.now())
      onChange?.()
    }, backoffMs)
    backoffMs = Math.min(backoffMs * 2, maxBackoffMs)
  }

  return {
    name,
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0
    },
    get state() {
      return state
    },
    get sockets() {
      return sockets
    },
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      stopping = true
      clearTimeout(restart)
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const deadline = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await gone
      clearTimeout(deadline)
    },
  }
}

function launch({ name, script, args = [], env }: ReplicaProcessOptions, port: number): ChildProcess {
  // Without this process's own flags, which may be a test runner's.
  return fork(script, ['--name', name, '--port', String(port), ...args], {
    execArgv: [],
    env: { ...process.env, ...env },
  })
}

/** The port a new replica reports in its first message. */
function portOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`replica ${name} ended before it listened (${code})`)))
  })
}

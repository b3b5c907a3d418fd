import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A demo replica that runs as a process of its own and is started again when it dies. */
export interface ReplicaProcess {
  readonly name: string
  /** Stays the same for the life of this object: a restarted replica listens on its old port. */
  readonly url: string
  /** Stops the process, after its requests in flight, and resolves when it is gone. */
  stop(): Promise<void>
}

export interface ReplicaProcessOptions {
  readonly name: string
  /** Gets one line for each death and restart. */
  readonly say: (line: string) => void
  /** The wait before the first restart; it doubles up to `maxBackoffMs` as long as replicas die young. */
  readonly minBackoffMs?: number
  readonly maxBackoffMs?: number
}

/** A replica that lived this long is not in trouble: its next restart waits the shortest time again. */
const settledMs = 30_000

const script = fileURLToPath(new URL('./replica.ts', import.meta.url))

/** Starts a replica and resolves when it listens; rejects when its first process ends before that. */
export async function startReplica(options: ReplicaProcessOptions): Promise<ReplicaProcess> {
  const { name, say, minBackoffMs = 250, maxBackoffMs = 10_000 } = options
  let backoffMs = minBackoffMs
  let restart: NodeJS.Timeout | undefined
  let stopping = false
  let child = launch(name, 0)
  const port = await portOf(child, name)
  watch(Date.now())

  function watch(startedAtMs: number): void {
    child.once('exit', (code, signal) => startAgain(signal ?? `exit code ${code}`, startedAtMs))
    child.once('error', (error) => child.pid === undefined && startAgain(error.message, startedAtMs))
  }

  function startAgain(why: string, startedAtMs: number): void {
    if (stopping) return
    if (Date.now() - startedAtMs >= settledMs) backoffMs = minBackoffMs
    say(`replica ${name} died (${why}); starting it again in ${backoffMs} ms`)
    restart = setTimeout(() => {
      child = launch(name, port)
      child.once('message', () => say(`replica ${name} is back`))
      watch(Date.now())
    }, backoffMs)
    backoffMs = Math.min(backoffMs * 2, maxBackoffMs)
  }

  return {
    name,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      stopping = true
      clearTimeout(restart)
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

function launch(name: string, port: number): ChildProcess {
  // Without this process's own flags, which may be a test runner's.
  return fork(script, ['--name', name, '--port', String(port)], { execArgv: [] })
}

/** The port a new replica reports in its first message. */
function portOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`replica ${name} ended before it listened (${code})`)))
  })
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A replica that runs as a process of its own, and that does not outlive this one. */
export interface ReplicaProcess {
  readonly name: string
  /** Its MCP endpoint. */
  readonly url: string
  readonly pid: number
  /** Sends it a signal; with one that ends it, `ended` follows. */
  signal(name: NodeJS.Signals): void
  /** Resolves when the process is gone, whatever has ended it. */
  readonly ended: Promise<void>
  /** Stops it, after the calls under way, and resolves when it is gone. */
  stop(): Promise<void>
}

const script = fileURLToPath(new URL('replica.ts', import.meta.url))

/**
 * Starts a replica and resolves when it listens.
 * @throws {Error} when it ends before that
 */
export async function startReplica(name: string, store: string): Promise<ReplicaProcess> {
  const args = ['--name', name, '--store', store]
  // In a process group of its own: Ctrl-C reaches this process alone. Without the flags of this process.
  const child = fork(script, args, { detached: true, execArgv: [] })
  const ended = once(child, 'exit').then(() => {})
  const port = await portOf(child, name)
  return {
    name,
    url: `http://127.0.0.1:${port}/mcp`,
    pid: child.pid!,
    ended,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function portOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`replica ${name} ended before it listened (${code})`)))
  })
}

import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endNode, startNode } from './owned-process.ts'

/** A media container that runs as a process of its own. */
export interface ContainerProcess {
  readonly name: string
  readonly url: string
  readonly pid: number
  /** Ends the process as a crash does, and resolves when it is gone. */
  kill(): Promise<void>
  /** Stops it, after its requests in flight. */
  stop(): Promise<void>
}

export interface ContainerProcessOptions {
  readonly name: string
  /** The folder of sessions; containers that share it can go on with each other's. */
  readonly sessionsPath: string
  /** Gets a line when the process ends without having been stopped. */
  readonly say: (line: string) => void
}

const script = fileURLToPath(new URL('container.ts', import.meta.url))

/** Starts a container and resolves when it listens. */
export async function startContainer(options: ContainerProcessOptions): Promise<ContainerProcess> {
  const { name, sessionsPath, say } = options
  const child = startNode([script, '--name', name], ['ignore', 'inherit', 'inherit', 'ipc'], {
    SAGEMAKER_ENABLE_STATEFUL_SESSIONS: 'true',
    SAGEMAKER_SESSIONS_PATH: sessionsPath,
  })
  const port = await portOf(child, name)
  let stopping = false
  child.once('exit', (code, signal) => {
    if (!stopping) say(`container ${name} died (${signal ?? `exit code ${code}`})`)
  })
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    kill: () => endNode(child, 'SIGKILL'),
    stop() {
      stopping = true
      return endNode(child)
    },
  }
}

/** The port that a new container reports in its first message. */
function portOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`container ${name} ended before it listened (${code})`)))
  })
}

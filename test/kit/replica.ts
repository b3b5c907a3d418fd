import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, within } from './process.ts'

/** A real server in a process of its own; what it can do stands in `replica-server.ts`. */
export interface TestReplica extends AsyncDisposable {
  readonly name: string
  readonly url: string
  /** 0 where it listens at a Unix socket. */
  readonly port: number
  /** The `x-request-id` of each request that reached it, over all its lives. */
  readonly requestIds: string[]
  /** What `/healthz` answers from now on. */
  setHealth(status: number): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
  /** Such as SIGSTOP, for one that hangs. */
  signal(name: NodeJS.Signals): void
  /** Starts it again after a kill, at the same port. */
  restart(): Promise<void>
}

const script = fileURLToPath(new URL('./replica-server.ts', import.meta.url))

/** At a free port, or at a Unix socket. */
export async function startReplica(name: string, socketPath?: string): Promise<TestReplica> {
  const requestIds: string[] = []
  let { child, port } = await launch(name, socketPath ?? '0', requestIds)
  return {
    name,
    url: socketPath === undefined ? `http://127.0.0.1:${port}` : `unix:${socketPath}`,
    port,
    requestIds,
    async setHealth(status) {
      const done = once(child, 'message')
      child.send({ health: status })
      await within(5000, `replica ${name} changes its health`, done)
    },
    kill: () => endProcess(child),
    signal: (name) => void child.kill(name),
    async restart() {
      // What kill -9 leaves behind is in the way of who listens there next.
      if (socketPath !== undefined) await rm(socketPath, { force: true })
      child = (await launch(name, socketPath ?? String(port), requestIds)).child
    },
    [Symbol.asyncDispose]: () => endProcess(child),
  }
}

/** Several replicas named `a`, `b` and so on. */
export async function startReplicas(count: number): Promise<TestReplicas> {
  const replicas = await Promise.all(
    Array.from({ length: count }, (_, index) => startReplica('abcdefghijklmnopqrstuvwxyz'[index]!)),
  )
  return Object.assign(replicas, {
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()))
    },
  })
}

export type TestReplicas = TestReplica[] & AsyncDisposable

/** The `replicas` of a config: each by its name, or that of the line's own `extra`, such as `weight: 2`. */
export function replicaLines(
  replicas: readonly TestReplica[],
  extra: Readonly<Record<string, string>> = {},
): string {
  const lines = replicas.map(({ name, url }) => {
    const more = extra[name] === undefined ? '' : `, ${extra[name]}`
    return `      - { url: "${url}", name: ${name}${more} }\n`
  })
  return lines.join('')
}

async function launch(name: string, place: string, requestIds: string[]) {
  const child = startProcess(process.execPath, [script, name, place], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let rest = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    requestIds.push(...lines)
  })
  const [message] = await within(10_000, `replica ${name} listens`, once(child, 'message'))
  return { child, port: (message as { port: number }).port }
}

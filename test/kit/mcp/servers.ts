import type { ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, within } from '../process.ts'
import type { FromServer, ServerOptions, Statistics, ToServer, UnknownSession } from './serve.ts'

/** `v1`, `v2`: the generation of the SDK, streamable HTTP; `sse`: the transport of 2024-11-05. */
export type ServerKind = 'v1' | 'v2' | 'sse'

/** A server of MCP in a process of its own. */
export interface McpServerProcess extends AsyncDisposable {
  readonly name: string
  readonly port: number
  /** Its origin, as a router wants it. */
  readonly url: string
  /** Its endpoint, as a client wants it. */
  readonly endpoint: string
  readonly pid: number
  /** The ids of the calls that it has begun, of all its lives, as soon as it has begun them. */
  readonly calls: readonly string[]
  /** Resolves when a call of this id has begun. */
  called(id: string): Promise<void>
  statistics(): Promise<Statistics>
  /** Kills it at once, as a crash does, and resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to end (SIGTERM) and resolves when it has. */
  stop(): Promise<void>
  /** Starts it again at the same port, with nothing in its memory. */
  start(): Promise<void>
}

export interface StartOptions {
  readonly port?: number
  readonly unknownSession?: UnknownSession
}

/** Where servers that know of each other hand over what they publish. */
type Bus = Set<ChildProcess>

/** Starts a server and resolves when it listens. */
export async function startMcpServer(
  kind: ServerKind,
  name: string,
  options: StartOptions = {},
  bus: Bus = new Set(),
): Promise<McpServerProcess> {
  const path = fileURLToPath(new URL(`./server-${kind}.ts`, import.meta.url))
  const calls: string[] = []
  let child: ChildProcess
  let port = options.port ?? 0
  const start = async (): Promise<void> => {
    const argument: ServerOptions = { name, port, unknownSession: options.unknownSession ?? 'not-found' }
    const started = startProcess(process.execPath, [path, JSON.stringify(argument)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    child = started
    createInterface({ input: started.stdout! }).on('line', (id) => {
      calls.push(id)
      started.emit('called')
    })
    bus.add(started)
    started.once('exit', () => bus.delete(started))
    started.on('message', ({ port, statistics, published }: FromServer) => {
      if (port !== undefined) started.emit('listening', port)
      if (statistics !== undefined) started.emit('statistics', statistics)
      if (published !== undefined)
        for (const other of bus) if (other !== started) other.send({ published } satisfies ToServer)
    })
    const ended = once(started, 'exit').then(() => Promise.reject(new Error(`The server ${name} ended.`)))
    ended.catch(() => undefined)
    const listening = Promise.race([once(started, 'listening'), ended])
    const [at] = await within(15_000, `the server ${name} listens`, listening)
    port = at
  }
  await start()
  const url = `http://127.0.0.1:${port}`
  return {
    name,
    port,
    url,
    endpoint: `${url}${kind === 'sse' ? '/sse' : '/mcp'}`,
    get pid() {
      return child.pid!
    },
    calls,
    async called(id) {
      const search = async (): Promise<void> => {
        const signal = AbortSignal.timeout(15_000)
        for await (const _ of withFirst(on(child, 'called', { signal }))) if (calls.includes(id)) return
      }
      await within(15_000, `a call ${id} of ${name}`, search())
    },
    async statistics() {
      const answer = once(child, 'statistics')
      child.send({ ask: 'statistics' } satisfies ToServer)
      const [statistics] = await within(5000, `the statistics of ${name}`, answer)
      return statistics
    },
    kill: () => endProcess(child),
    stop: () => endProcess(child, 'SIGTERM'),
    start,
    [Symbol.asyncDispose]: () => endProcess(child),
  }
}

/** One round at once, then one an event. */
async function* withFirst(events: AsyncIterable<unknown>): AsyncIterable<unknown> {
  yield undefined
  yield* events
}

const names = ['a', 'b', 'c', 'd']

/** So many servers of a kind, named a, b, c and so on, that tell each other what they publish. */
export async function startMcpServers(
  kind: ServerKind,
  count: number,
  options: StartOptions = {},
): Promise<McpServerProcess[] & AsyncDisposable> {
  const bus: Bus = new Set()
  const starting = names.slice(0, count).map((name) => startMcpServer(kind, name, options, bus))
  const servers = await Promise.all(starting)
  const dispose = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  }
  return Object.assign(servers, { [Symbol.asyncDispose]: dispose })
}

import { type ClientRequest, createServer, type IncomingMessage, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startRouter, type TestRouter, temporaryFolder } from '../router.ts'
import type { McpServerProcess } from './servers.ts'

/** What a router needs to know of a replica. */
export type Replica = Pick<McpServerProcess, 'name' | 'url'>

/** What stands before the replicas; `url` is the origin for clients. */
export interface RunningFront extends AsyncDisposable {
  readonly url: string
}

/** Puts something before replicas. */
export type Front = (replicas: readonly Replica[]) => Promise<RunningFront>

/** The config of a router for replicas; `extra` adds settings to a replica, by its name. */
export function mcpConfig(
  replicas: readonly Replica[],
  extra: Readonly<Record<string, string>> = {},
): string {
  const lines = replicas.map(
    ({ name, url }) => `      - { name: ${name}, url: '${url}'${extra[name] ? `, ${extra[name]}` : ''} }`,
  )
  return `services:\n  - name: mcp\n    dialect: mcp\n    replicas:\n${lines.join('\n')}\n`
}

export function startMcpRouter(
  replicas: readonly Replica[],
  env: NodeJS.ProcessEnv = {},
): Promise<TestRouter> {
  return startRouter({ config: mcpConfig(replicas), env })
}

/** Nothing but the first replica: to see what it says itself, and to try out a test without a router. */
export const noFront: Front = async ([first]) => ({
  url: first!.url,
  [Symbol.asyncDispose]: async () => undefined,
})

/** A front that knows of no sessions and gives each request to the next replica. */
export const roundRobinFront: Front = (replicas) => startRoundRobin(replicas.map(({ url }) => url))

/** One router; with `LIMPET_TEST_FRONT=none` in the environment, nothing, to try out the tests themselves. */
export const routerFront: Front =
  process.env.LIMPET_TEST_FRONT === 'none' ? noFront : (replicas) => startMcpRouter(replicas)

/** Two routers that share nothing but their keys, behind a front that gives each request to the other. */
export const twoRoutersFront: Front = (replicas) => startTwoRouters(replicas, [])

/** The same with a store that both use. */
export const twoRoutersWithStoreFront: Front = async (replicas) => {
  const folder = await temporaryFolder()
  const front = await startTwoRouters(replicas, ['--store', `sqlite:${join(folder.path, 'pins.db')}`])
  return {
    url: front.url,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function startTwoRouters(replicas: readonly Replica[], args: readonly string[]): Promise<RunningFront> {
  if (process.env.LIMPET_TEST_FRONT === 'none') return noFront(replicas)
  const env = { LIMPET_KEYS: `1:${Buffer.alloc(32, 7).toString('base64url')}` }
  const start = () => startRouter({ config: mcpConfig(replicas), env, args })
  const routers = await Promise.all([start(), start()])
  const front = await startRoundRobin(routers.map(({ url }) => url))
  return {
    url: front.url,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]()
      await Promise.all(routers.map((router) => router[Symbol.asyncDispose]()))
    },
  }
}

/** A proxy that gives each request to the next target and leaves it as it is, `Host` included. */
export async function startRoundRobin(targets: readonly string[]): Promise<RunningFront> {
  let turn = 0
  const server = createServer((request, response) => {
    const target = new URL(request.url ?? '/', targets[turn++ % targets.length])
    const { method = 'GET', rawHeaders } = request
    const onward: ClientRequest = send(target, { method, setHost: false, headers: rawHeaders as never })
    onward.on('response', (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode!, answer.statusMessage, answer.rawHeaders)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

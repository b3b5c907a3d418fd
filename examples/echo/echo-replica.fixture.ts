import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openChannel } from '@limpet/replica/channel'
import { createRouter } from 'limpet'
import { WebSocket } from 'ws'
import { createEchoApp } from './echo-app.ts'
import type { SocketWord } from './echo-words.ts'

/** A channel's broker, as a router has one. */
export async function startBroker() {
  const token = 'a token for this test'
  const router = createRouter({
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    workers: 1,
    log: { level: 'silent' },
    services: [{ name: 'none', replicas: [] }],
    channel: { token },
  })
  const { adminUrl } = await router.start()
  return {
    open: () => openChannel(adminUrl, { token }),
    [Symbol.asyncDispose]: () => router.close(0),
  }
}

/** A replica in this process, joined to the others by the broker. */
export async function startEchoReplica(
  name: string,
  broker: Awaited<ReturnType<typeof startBroker>>,
  maxSockets = 100,
) {
  const channel = await broker.open()
  const counts: number[] = []
  const app = createEchoApp({ name, channel, maxSockets, onSockets: (count) => counts.push(count) })
  const server = createServer((request, response) => {
    if (!app.handle(request, response)) response.writeHead(418).end()
  })
  server.on('upgrade', app.upgrade).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    name,
    url,
    host: `127.0.0.1:${port}`,
    app,
    channel,
    /** How many sockets it said that it has, each time that this had changed. */
    counts,
    async post(body: unknown, headers: Record<string, string> = {}) {
      const response = await fetch(`${url}/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      const answer = (await response.json()) as Record<string, unknown> & { error?: { code: string } }
      return { status: response.status, answer, code: answer.error?.code ?? answer.code }
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await channel.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A client's WebSocket; reads one word after the other. */
export function openSocket(host: string, query: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://${host}/echo/socket?${query}`, { headers })
  const words: SocketWord[] = []
  let onWord: (() => void) | undefined
  socket.on('message', (data) => {
    words.push(JSON.parse(String(data)))
    onWord?.()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  const refused = new Promise<{ status: number; code: string }>((resolve) => {
    socket.on('unexpected-response', async (_, response) => {
      const content = JSON.parse(String(Buffer.concat(await response.toArray())))
      resolve({ status: response.statusCode ?? 0, code: content.error.code })
    })
  })
  socket.on('error', () => undefined)
  return {
    socket,
    closed,
    /** How the handshake was refused. */
    refused,
    async next(): Promise<SocketWord> {
      while (words.length === 0)
        await new Promise<void>((resolve) => {
          onWord = resolve
        })
      return words.shift()!
    },
    say: (word: unknown) => socket.send(typeof word === 'string' ? word : JSON.stringify(word)),
    [Symbol.dispose]: () => socket.terminate(),
  }
}

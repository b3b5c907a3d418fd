import { connect, createServer } from 'node:net'
import type { StartPeer } from './peer.ts'

/** No proxy at all: bytes go to the first replica and back. The suite must find fault with nearly all of it. */
export const startPassThrough: StartPeer = async ([replicaPort = 0]) => {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((client) => {
    const upstream = connect(replicaPort, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => to.write(bytes))
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroySoon()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    title: 'pass-through',
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
    settings: {
      headTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
      bodyRateGraceMs: 1000,
      writeStallMs: 1000,
      responseTimeoutMs: 1000,
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

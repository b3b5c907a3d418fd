import { createServer } from 'node:net'
import type { StartPeer } from './peer.ts'

/** No proxy at all: everything is refused. The suite must find fault wherever something is to be forwarded. */
export const startAlways400: StartPeer = async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    title: 'always-400',
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
    settings: {
      headTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
      bodyRateGraceMs: 1000,
      writeStallMs: 1000,
      responseTimeoutMs: 1000,
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

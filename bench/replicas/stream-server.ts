/**
 * Replicas on raw sockets: `node stream-server.ts PORT...`. Parses no more of HTTP than it needs for requests that
 * well-behaved proxies send, because it shares a core with the load generator.
 */
import { createServer, type Socket } from 'node:net'
import { checkText } from './check-text.ts'
import { serveStream } from './event-stream.ts'
import { acceptUpgrade, echoFrames } from './websocket-echo.ts'

for (const port of process.argv.slice(2).map(Number)) {
  createServer({ noDelay: true, keepAlive: true }, (socket) => serve(socket, port)).listen({
    port,
    host: '127.0.0.1',
    backlog: 4096,
  })
}

/** Serves requests of a connection one after another, until one turns it into a stream or a tunnel. */
function serve(socket: Socket, port: number): void {
  let pending: Buffer = Buffer.alloc(0)
  let bodyLeft = 0
  let requests = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', onData)

  function onData(chunk: Buffer): void {
    if (bodyLeft > 0) {
      const taken = Math.min(bodyLeft, chunk.length)
      bodyLeft -= taken
      if (bodyLeft > 0) return
      answer('received')
      if (taken < chunk.length) onData(chunk.subarray(taken))
      return
    }
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const end = pending.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = pending.toString('latin1', 0, end)
    const rest = pending.subarray(end + 4)
    pending = Buffer.alloc(0)
    requests++
    route(head, rest)
  }

  function route(head: string, rest: Buffer): void {
    const path = /^\w+ ([^ ?]+)/.exec(head)?.[1]
    if (path === '/stream') {
      serveStream(socket)
    } else if (path === '/ws') {
      socket.off('data', onData)
      acceptUpgrade(socket, head)
      echoFrames(socket, rest)
    } else if (path === '/upload') {
      bodyLeft = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
      if (bodyLeft === 0) socket.end('HTTP/1.1 411 Length Required\r\nconnection: close\r\n\r\n')
      else if (rest.length > 0) onData(rest)
    } else {
      answer(checkText(head, port, requests))
    }
  }

  function answer(text: string): void {
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
      'latin1',
    )
  }
}

/** The process behind `startReplica`: arguments are its name and its port (0: any) or Unix socket. */

import { writeSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { echoWebSocket } from './web-socket-echo.ts'

const [name = '', port = '0'] = process.argv.slice(2)
let healthStatus = 200
const events = new Map<string, ServerResponse>()

type Handler = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => unknown

const handlers: Readonly<Record<string, Handler>> = {
  '/healthz': (_, response) => response.writeHead(healthStatus).end(),
  /** Answers `ms` later. */
  '/slow': (request, response, query) => {
    setTimeout(() => echo(request, response, 0), Number(query.get('ms')))
  },
  '/hang': () => undefined,
  '/status': (_, response, query) => {
    const code = Number(query.get('code'))
    if (code === 304) response.setHeader('etag', '"1"')
    response.writeHead(code).end()
  },
  '/cacheable': (_, response) => response.writeHead(200, { 'cache-control': 'max-age=60' }).end('cached'),
  '/hints': (request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => echo(request, response, 0))
  },
  '/trailers': (_, response) => {
    response.writeHead(200, { trailer: 'x-checksum' })
    response.write('body')
    response.addTrailers({ 'x-checksum': 'abc' })
    response.end()
  },
  /** An event stream; what it sends is told by `/push`. */
  '/events': (_, response, query) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    events.set(query.get('id') ?? '', response)
  },
  '/push': (_, response, query) => {
    const stream = events.get(query.get('id') ?? '')
    const data = query.get('data')
    if (data === null) stream?.end()
    else stream?.write(`data: ${data}\n\n`)
    response.writeHead(stream === undefined ? 404 : 204).end()
  },
  '/download': (_, response, query) => {
    const bytes = Number(query.get('bytes'))
    response.writeHead(200, { 'content-length': bytes })
    pipeline(blocksOf(bytes), response).catch(() => response.destroy())
  },
}

function* blocksOf(bytes: number): Iterable<Buffer> {
  const block = Buffer.alloc(64 * 1024, 'x')
  for (let left = bytes; left > 0; left -= block.length)
    yield left < block.length ? block.subarray(0, left) : block
}

const server = createServer((request, response) => {
  const requestId = request.headers['x-request-id']
  // Written at once, so that it is known even when this process is killed the moment after.
  if (requestId !== undefined) writeSync(1, `${requestId}\n`)
  response.setHeader('x-replica', name)
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const handler = handlers[path]
  if (handler !== undefined) {
    handler(request, response, new URLSearchParams(query))
    return
  }
  if (request.method === 'GET' || request.method === 'HEAD') {
    echo(request, response, 0)
    return
  }
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  request.on('end', () => echo(request, response, bytes))
})

function echo({ method, url, headers }: IncomingMessage, response: ServerResponse, bodyBytes: number): void {
  const text = JSON.stringify({ replica: name, method, url, headers, bodyBytes })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(method === 'HEAD' ? undefined : text)
}

server.on('upgrade', (request, socket) => echoWebSocket(request, socket, name))
const place = port.startsWith('/') ? { path: port } : { port: Number(port), host: '127.0.0.1' }
server.listen(place, () => {
  const address = server.address() as AddressInfo | string
  process.send?.({ port: typeof address === 'string' ? 0 : address.port })
})
process.on('message', (message: { health: number }) => {
  healthStatus = message.health
  process.send?.({ health: healthStatus })
})
process.on('disconnect', () => process.exit())

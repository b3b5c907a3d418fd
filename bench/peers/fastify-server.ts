/** A router on Fastify and @fastify/http-proxy, run by the benchmark: `node fastify-server.ts PORT REPLICA_PORT...`. */
import type { IncomingHttpHeaders } from 'node:http'
import { chooseReplica, loadInstalled, readPorts } from './node-server.ts'

interface Request {
  headers: IncomingHttpHeaders
  ip?: string
}
interface FastifyServer {
  register(plugin: unknown, options: unknown): void
  listen(options: { port: number; host: string; backlog: number }): Promise<string>
}

const fastify = loadInstalled<(options: object) => FastifyServer>('fastify')
const { port, replicas } = readPorts()

const forwarded = ({ headers, ip }: Request) => ({
  'x-session': headers['x-session'],
  'x-forwarded-for': ip ?? '127.0.0.1',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': headers.host,
})

const server = fastify({ logger: false, bodyLimit: 2 ** 40, requestTimeout: 0 })
server.register(loadInstalled('@fastify/http-proxy'), {
  upstream: '',
  websocket: true,
  // undici is its fast transport; by default it allows 128 connections an origin already.
  undici: { connections: 256, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 },
  replyOptions: {
    getUpstream: ({ headers }: Request) => chooseReplica(replicas, headers['x-session']),
    rewriteRequestHeaders: (request: Request, headers: object) => ({ ...headers, ...forwarded(request) }),
    // It passes on a replica's "Connection: keep-alive", which is wrong where the client asked it to close.
    rewriteHeaders: (headers: IncomingHttpHeaders) => {
      delete headers.connection
      return headers
    },
  },
  wsClientOptions: { rewriteRequestHeaders: (_headers: object, request: Request) => forwarded(request) },
})
await server.listen({ port, host: '127.0.0.1', backlog: 4096 })

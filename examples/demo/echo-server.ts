import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseJson, readText } from '../kit/read-text.ts'
import { completion, completionEvents } from './chat-completion.ts'
import { answer, modelId, readChatRequest } from './echo-model.ts'
import { createSessionMemory } from './session-memory.ts'

export interface EchoServerOptions {
  /** The replica's name; it stands in the header `x-demo-replica` and in every JSON body. */
  readonly name: string
  /** The pause before each word of a streamed answer. */
  readonly delayMs: number
  /** The request header that names a session, in lower case. */
  readonly sessionHeader: string
  /** A longer request body is refused with 413. */
  readonly maxBodyBytes: number
  /** More sessions than this are not remembered. */
  readonly maxSessions: number
  /** Is asked where this server has nothing at a path; false: neither has it. */
  readonly otherwise?: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** An echo server and the way to stop it. */
export interface EchoServer {
  readonly server: Server
  /** Takes no new connection, lets requests in flight finish for at most `graceMs`, and resolves when closed. */
  stop(graceMs: number): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** One demo replica: an OpenAI-compatible HTTP server that echoes, and remembers how often a session was here. */
export function createEchoServer(options: EchoServerOptions): EchoServer {
  const { name, sessionHeader } = options
  const memory = createSessionMemory(options.maxSessions)
  const replicaField = { x_demo_replica: name }
  let requestsServed = 0
  let stopping = false

  const send = (response: ServerResponse, status: number, body: object) => {
    const text = JSON.stringify({ ...body, ...replicaField })
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    })
    response.end(text)
  }
  const refuse = (response: ServerResponse, status: number, message: string, param: string | null = null) => {
    const type = status < 500 ? 'invalid_request_error' : 'server_error'
    send(response, status, { error: { message, type, param, code: null } })
  }
  const sessionOf = (request: IncomingMessage): string | undefined => {
    const value = request.headers[sessionHeader]
    return typeof value === 'string' && value !== '' ? value : undefined
  }

  const whoami: Handler = (request, response) => {
    const session = sessionOf(request) ?? null
    const turns = session === null ? 0 : memory.turnsOf(session)
    send(response, 200, { replica: name, pid: process.pid, requests_served: requestsServed, session, turns })
  }
  const healthz: Handler = (_request, response) => {
    send(response, stopping ? 503 : 200, { status: stopping ? 'stopping' : 'ok' })
  }
  const models: Handler = (_request, response) => {
    const data = [{ id: modelId, object: 'model', created: 1_700_000_000, owned_by: 'limpet-demo' }]
    send(response, 200, { object: 'list', data })
  }
  const chat: Handler = async (request, response) => {
    const text = await readText(request, options.maxBodyBytes)
    if (text === undefined) {
      return refuse(response, 413, `The body is longer than ${options.maxBodyBytes} bytes.`)
    }
    const parsed = readChatRequest(parseJson(text))
    if ('message' in parsed) return refuse(response, 400, parsed.message, parsed.param)
    const session = sessionOf(request)
    const echo = answer(parsed, name, session === undefined ? undefined : memory.takeTurn(session))
    if (!parsed.stream) return send(response, 200, completion(echo))
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    })
    const { includeUsage } = parsed
    const { delayMs } = options
    const events = completionEvents(echo, { includeUsage, delayMs, extra: replicaField, signal: gone.signal })
    // A client that leaves in the middle of its answer is no fault.
    await pipeline(Readable.from(events), response).catch(() => response.destroy())
  }

  const routes: Record<string, Record<string, Handler>> = {
    '/whoami': { GET: whoami },
    '/healthz': { GET: healthz },
    '/v1/models': { GET: models },
    '/v1/chat/completions': { POST: chat },
  }

  const server = createServer((request, response) => {
    response.setHeader('x-demo-replica', name)
    if (stopping) response.setHeader('connection', 'close')
    // An answer that was under way when the stop came has promised to keep its connection.
    response.once('finish', () => stopping && setImmediate(() => server.closeIdleConnections()))
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const methods = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (!methods && options.otherwise?.(request, response)) return
    if (!methods) return refuse(response, 404, `There is nothing at ${request.method} ${path}.`)
    const handler = methods[request.method === 'HEAD' ? 'GET' : (request.method ?? '')]
    if (!handler) {
      response.setHeader('allow', Object.keys(methods).join(', '))
      return refuse(response, 405, `${path} doesn't take ${request.method}.`)
    }
    if (path !== '/healthz') requestsServed += 1
    Promise.resolve(handler(request, response)).catch(() => response.destroy())
  })
  // Longer than a router keeps a connection unused, so that it is the router who closes it.
  server.keepAliveTimeout = 75_000

  return {
    server,
    stop(graceMs) {
      stopping = true
      return new Promise((resolve) => {
        const deadline = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(deadline)
          resolve()
        })
      })
    },
  }
}

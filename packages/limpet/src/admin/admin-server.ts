import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ListenAddress } from '../config/schema.ts'
import type { Metrics } from '../observe/metrics.ts'
import { type AdminAnswer, textAnswer } from './admin-answer.ts'
import { isLoopbackAddress, refuseCaller } from './admin-guard.ts'
import { listenError } from './listen-error.ts'
import { refuseUpgrade } from './refuse-upgrade.ts'
import { answerSessions } from './sessions-route.ts'
import type { SessionsView } from './sessions-view.ts'

/** What the admin listener shows. */
export interface AdminParts {
  readonly metrics: Metrics
  /** Whether the router takes traffic; false before it listens and once it is told to stop. */
  isReady(): boolean
  /** Absent: there is nothing at `/sessions`. */
  readonly sessions?: SessionsView
  /** What every request for sessions must bring; absent or empty: see `refuseCaller`. */
  readonly token?: string
  /** Absent: nothing at `/channel` upgrades. */
  readonly broker?: Broker
}

/** Who takes over the connections of replicas to the channel. */
interface Broker {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

const REQUEST_TIMEOUT_MS = 10_000

/** The admin listener: metrics, liveness, readiness and sessions. Apart from client traffic, and closed unless asked for. */
export class AdminServer {
  readonly #parts: AdminParts
  readonly #server: Server

  constructor(parts: AdminParts) {
    this.#parts = parts
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16_384 },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** Resolves to the port; rejects with StartError. */
  listen(address: ListenAddress): Promise<number> {
    const { host, port } = address
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(error, address, '--admin')))
      this.#server.listen({ port, exclusive: true, ...(host === '' ? {} : { host }) }, () => {
        const bound = this.#server.address()
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
      })
    })
  }

  async close(): Promise<void> {
    this.#parts.broker?.close()
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume()
    const target = request.url ?? '/'
    const path = target.split('?', 1)[0]!
    const isOfSessions = path === '/sessions' || path.startsWith('/sessions/')
    try {
      send(response, await (isOfSessions ? this.#sessions(request, target) : this.#status(request, path)))
    } catch {
      send(response, textAnswer(500, 'The router failed on this request.\n'))
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that resets its connection is no reason to end.
    socket.on('error', () => socket.destroy())
    const { broker } = this.#parts
    const path = (request.url ?? '/').split('?', 1)[0]
    if (broker !== undefined && path === '/channel') broker.upgrade(request, socket, head)
    else refuseUpgrade(socket, '404 Not Found')
  }

  async #sessions(request: IncomingMessage, target: string): Promise<AdminAnswer> {
    const { sessions, token } = this.#parts
    if (sessions === undefined) return this.#nothing()
    const { method = 'GET' } = request
    const { host, authorization } = request.headers
    const bound = this.#server.address()
    const isLoopback = typeof bound === 'object' && bound !== null && isLoopbackAddress(bound.address)
    const refusal = refuseCaller({ token: token || undefined, isLoopback }, { method, host, authorization })
    return refusal ?? answerSessions(sessions, method, new URL(target, 'http://admin.invalid'))
  }

  async #status(request: IncomingMessage, path: string): Promise<AdminAnswer> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return textAnswer(405, 'Only GET and HEAD are answered here.\n', { allow: 'GET, HEAD' })
    const { metrics } = this.#parts
    switch (path) {
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.text() }
      case '/healthz':
        return textAnswer(200, 'ok\n')
      case '/readyz':
        return this.#parts.isReady()
          ? textAnswer(200, 'ready\n')
          : textAnswer(503, 'not ready: starting or shutting down\n')
      case '/':
        return textAnswer(200, `limpet admin: ${this.#paths().join(' ')}\n`)
      default:
        return this.#nothing()
    }
  }

  #nothing(): AdminAnswer {
    return textAnswer(404, `There is only this here: ${this.#paths().join(' ')}\n`)
  }

  #paths(): readonly string[] {
    const paths = ['/metrics', '/healthz', '/readyz']
    return this.#parts.sessions === undefined ? paths : [...paths, '/sessions']
  }
}

function send(response: ServerResponse, { status, type, body, headers }: AdminAnswer): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

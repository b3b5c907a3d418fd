import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { ListenAddress } from '../config/schema.ts'
import type { Metrics } from '../observe/metrics.ts'
import { listenError } from './listen-error.ts'

/** What the admin listener shows. */
export interface AdminParts {
  readonly metrics: Metrics
  /** Whether the router takes traffic; false before it listens and once it is told to stop. */
  isReady(): boolean
}

const REQUEST_TIMEOUT_MS = 10_000

/** The admin listener: metrics, liveness and readiness. Apart from client traffic, and closed unless asked for. */
export class AdminServer {
  readonly #parts: AdminParts
  readonly #server: Server

  constructor(parts: AdminParts) {
    this.#parts = parts
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16_384 },
      (request, response) => void this.#answer(request, response),
    )
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
    if (!this.#server.listening) return
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, 'text/plain', 'Only GET and HEAD are answered here.\n', { allow: 'GET, HEAD' })
      return
    }
    switch (request.url?.split('?')[0]) {
      case '/metrics': {
        const { metrics } = this.#parts
        send(response, 200, metrics.contentType, await metrics.text())
        return
      }
      case '/healthz':
        send(response, 200, 'text/plain', 'ok\n')
        return
      case '/readyz':
        if (this.#parts.isReady()) send(response, 200, 'text/plain', 'ready\n')
        else send(response, 503, 'text/plain', 'not ready: starting or shutting down\n')
        return
      case '/':
        send(response, 200, 'text/plain', 'limpet admin: /metrics /healthz /readyz\n')
        return
      default:
        send(response, 404, 'text/plain', 'There are /metrics, /healthz and /readyz here.\n')
    }
  }
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

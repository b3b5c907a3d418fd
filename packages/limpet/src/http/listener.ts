import { createServer, type Server, type Socket } from 'node:net'
import { ClientConnection } from './client-connection.ts'
import { adoptClientSocket } from './client-socket.ts'
import type { ServerContext } from './server-context.ts'

/** Accepts one thread's client connections and owns them until they end. */
export class Listener {
  readonly #context: ServerContext
  readonly #connections = new Set<ClientConnection>()
  readonly #server: Server
  #onEmpty: (() => void) | undefined

  constructor(context: ServerContext) {
    this.#context = context
    // Half-open, since a tunnel's two directions end apart from each other.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, this.#accept)
  }

  /**
   * Listens at `host` (empty: every address) and `port`. `reusePort` lets several threads listen at one port,
   * and the kernel share out the connections. Resolves to the port; rejects as `net.Server` does.
   */
  listen(host: string, port: number, reusePort: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, reusePort, ...(host === '' ? {} : { host }) }, () => {
        this.#server.off('error', reject)
        // Errors of accept(2): out of descriptors or memory. The listener stays, and goes on when it can.
        this.#server.on('error', (error) => this.#context.counters.refusedConnection(error.message))
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /** Stops accepting and lets what is under way end; what is left at the deadline is cut. */
  async close(deadlineMs: number): Promise<void> {
    this.#context.draining = true
    if (this.#server.listening) this.#server.close()
    for (const connection of this.#connections) connection.drain()
    if (this.#connections.size === 0) return
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy()
    }, deadlineMs)
    await empty
    clearTimeout(timer)
  }

  readonly #accept = (socket: Socket): void => {
    const { admission, counters, settings } = this.#context
    const address = socket.remoteAddress
    // Gone before it was accepted, or one too many: either way there is nobody to answer.
    if (address === undefined || !admission.admit(address, settings.limits)) {
      if (address !== undefined) counters.refusedConnection('there are as many as the limits allow')
      socket.destroy()
      return
    }
    const reading = adoptClientSocket(socket, this.#context.readBuffer)
    this.#connections.add(new ClientConnection(reading, address, this.#context, 'http', this.#forget))
  }

  readonly #forget = (connection: ClientConnection): void => {
    this.#connections.delete(connection)
    this.#context.admission.leave(connection.remoteAddress)
    if (this.#connections.size === 0) this.#onEmpty?.()
  }
}

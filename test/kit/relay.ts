import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A network between a client and a server of this machine, whose connections can be broken. */
export interface Relay extends AsyncDisposable {
  readonly port: number
  /** The port that new connections go to. */
  target: number
  /** Breaks all connections. */
  cut(): void
  /** Delivers nothing more to clients on the connections that are open, though they seem fine. */
  swallow(): void
}

export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const swallowed = new WeakSet<Socket>()
  const server = createServer((client) => {
    const upstream = connect(relay.target, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (bytes) => {
        if (!swallowed.has(socket)) other.write(bytes)
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    upstreams.add(upstream)
    upstream.on('close', () => upstreams.delete(upstream))
  })
  const upstreams = new Set<Socket>()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    target,
    cut,
    swallow: () => {
      for (const upstream of upstreams) swallowed.add(upstream)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
  return relay
}

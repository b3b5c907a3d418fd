import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Timed } from './deadlines.ts'
import type { HttpContext } from './http-context.ts'
import type { ReplicaSocket } from './replica-socket.ts'
import { writeBorrowed } from './write-message.ts'

/** Called once both sockets of a tunnel are closed, with the bytes of each direction. */
type OnOver = (fromClient: number, fromReplica: number) => void

/** A connection that has switched protocols (WebSocket and others): bytes go both ways, unseen. */
class Tunnel implements Timed {
  deadlineMs = Number.POSITIVE_INFINITY
  timedIndex = -1
  readonly #context: HttpContext
  readonly #client: Socket
  readonly #replica: Socket
  readonly #onOver: OnOver
  readonly #sentBefore: number
  readonly #takenBefore: number
  #open = 2

  constructor(context: HttpContext, client: Socket, opened: ReplicaSocket, onOver: OnOver) {
    const replica = opened.socket
    this.#context = context
    this.#client = client
    this.#replica = replica
    this.#onOver = onOver
    this.#sentBefore = client.bytesWritten
    this.#takenBefore = replica.bytesWritten
    client.on('data', (chunk: Buffer) => {
      this.#touch()
      if (!replica.write(chunk)) client.pause()
    })
    opened.onBytes = (borrowed) => {
      this.#touch()
      if (!writeBorrowed(client, '', [borrowed], context.copies)) replica.pause()
    }
    this.#tie(client, replica)
    this.#tie(replica, client)
    this.#touch()
    context.counters.tunnelOpened()
    context.deadlines.add(this)
  }

  /** What happens at one end happens at the other: being ready for more, ending, breaking. */
  #tie(socket: Socket, other: Socket): void {
    socket.on('drain', () => {
      other.resume()
    })
    socket.on('end', () => {
      other.end()
    })
    socket.on('error', () => {
      // 'close' follows.
    })
    socket.on('close', (hadError: boolean) => {
      if (hadError) cut(other)
      else other.destroySoon()
      this.#closed()
    })
  }

  #touch(): void {
    const { tunnelIdleMs } = this.#context.settings.timeouts
    if (tunnelIdleMs > 0) this.deadlineMs = performance.now() + tunnelIdleMs
  }

  onDeadline(): void {
    this.#context.counters.timedOut('tunnel-idle')
    this.#client.destroy()
    this.#replica.destroy()
  }

  #closed(): void {
    if (--this.#open > 0) return
    this.#context.deadlines.remove(this)
    this.#context.counters.tunnelClosed()
    this.#onOver(this.#replica.bytesWritten - this.#takenBefore, this.#client.bytesWritten - this.#sentBefore)
  }
}

/** Resets a connection. TLS has no reset of its own: closing without its end alert says the same. */
function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Joins two sockets. `fromClient` and `fromReplica` (borrowed) are bytes that came before. */
export function startTunnel(
  context: HttpContext,
  client: Socket,
  replica: ReplicaSocket,
  fromClient: Buffer,
  fromReplica: Buffer,
  onOver: OnOver,
): void {
  new Tunnel(context, client, replica, onOver)
  if (fromClient.length > 0) replica.socket.write(fromClient)
  if (fromReplica.length > 0) writeBorrowed(client, '', [fromReplica], context.copies)
  client.resume()
  replica.socket.resume()
}

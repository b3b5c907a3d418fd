import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Timed } from './deadlines.ts'
import type { HttpContext } from './http-context.ts'
import { MessageWriter } from './message-writer.ts'
import type { Reader, ReadingSocket } from './reading-socket.ts'

/** Called once both sockets of a tunnel are closed, with the bytes of each direction. */
type OnOver = (fromClient: number, fromReplica: number) => void

/** One direction of a tunnel. */
class Direction implements Reader {
  readonly #tunnel: Tunnel
  readonly #from: Socket
  readonly #writer: MessageWriter
  readonly #context: HttpContext

  constructor(tunnel: Tunnel, from: Socket, to: Socket, context: HttpContext) {
    this.#tunnel = tunnel
    this.#from = from
    this.#writer = new MessageWriter(to, context)
    this.#context = context
  }

  onBytes(bytes: Buffer, end: number): void {
    this.#tunnel.touch()
    this.pass(bytes, 0, end)
  }

  /** Passes on `bytes[from, end)`, borrowed. */
  pass(bytes: Buffer, from: number, end: number): void {
    const content = this.#context.tunnelContent
    content.clear()
    content.add(bytes, from, end)
    this.#writer.write('', content)
    if (this.#writer.full) this.#from.pause()
  }
}

/**
 * A connection that has switched protocols (WebSocket and others): bytes go both ways, unseen. Joins two sockets
 * without listeners; what was read of them before is for the caller to pass on.
 */
export class Tunnel implements Timed {
  timedIndex = -1
  readonly fromClient: Direction
  readonly fromReplica: Direction
  readonly #context: HttpContext
  readonly #client: Socket
  readonly #replica: Socket
  readonly #onOver: OnOver
  readonly #sentBefore: number
  readonly #takenBefore: number
  #open = 2

  constructor(context: HttpContext, client: ReadingSocket, replica: ReadingSocket, onOver: OnOver) {
    this.#context = context
    this.#client = client.socket
    this.#replica = replica.socket
    this.fromClient = new Direction(this, this.#client, this.#replica, context)
    this.fromReplica = new Direction(this, this.#replica, this.#client, context)
    this.#onOver = onOver
    this.#sentBefore = this.#client.bytesWritten
    this.#takenBefore = this.#replica.bytesWritten
    client.reader = this.fromClient
    replica.reader = this.fromReplica
    this.#tie(this.#client, this.#replica)
    this.#tie(this.#replica, this.#client)
    context.counters.tunnelOpened()
    context.deadlines.add(this, Number.POSITIVE_INFINITY)
    this.touch()
    this.#client.resume()
    this.#replica.resume()
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

  /** Something came: the tunnel is not idle. */
  touch(): void {
    const { tunnelIdleMs } = this.#context.settings.timeouts
    const { deadlines } = this.#context
    if (tunnelIdleMs > 0) deadlines.set(this, deadlines.after(tunnelIdleMs))
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

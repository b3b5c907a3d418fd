import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { TunnelEnd } from '../observe/counters.ts'
import type { Timed } from './deadlines.ts'
import type { HttpContext } from './http-context.ts'
import type { ReadingSocket } from './reading-socket.ts'
import type { OpenTunnel } from './route.ts'
import { TunnelDirection } from './tunnel-direction.ts'
import { closeForGood, closeForReturn, MASKED_PING, PING } from './websocket/frames.ts'

/** How a tunnel has come to its end: the bytes of each direction, and why, where it was the router that ended it. */
export interface TunnelSummary {
  readonly fromClient: number
  readonly fromReplica: number
  readonly end: TunnelEnd | undefined
}

/** How long a WebSocket that is to end may go on with the message under way. */
const MESSAGE_MS = 1000
/** How long its ends then have to say that they close, and to close. */
const CLOSE_MS = 5000

const STAYS = 0
const MESSAGE = 1
const CLOSING = 2

/**
 * A connection that has switched protocols: bytes go both ways, unseen. Of a WebSocket the heads of frames are
 * followed, so that the router can end it as a server does, with a Close frame between two frames, and ask both
 * ends whether they are still there. Joins two sockets without listeners; what was read of them before is for the
 * caller to pass on.
 */
export class Tunnel implements Timed, OpenTunnel {
  timedIndex = -1
  readonly fromClient: TunnelDirection
  readonly fromReplica: TunnelDirection
  readonly #context: HttpContext
  readonly #client: Socket
  readonly #replica: Socket
  readonly #isWebSocket: boolean
  readonly #onOver: (summary: TunnelSummary) => void
  readonly #sentBefore: number
  readonly #takenBefore: number
  #open = 2
  #end: TunnelEnd | undefined
  #stage = STAYS

  constructor(
    context: HttpContext,
    client: ReadingSocket,
    replica: ReadingSocket,
    isWebSocket: boolean,
    onOver: (summary: TunnelSummary) => void,
  ) {
    this.#context = context
    this.#client = client.socket
    this.#replica = replica.socket
    this.#isWebSocket = isWebSocket
    this.fromClient = new TunnelDirection(this.#client, this.#replica, isWebSocket, context, this)
    this.fromReplica = new TunnelDirection(this.#replica, this.#client, isWebSocket, context, this)
    this.#onOver = onOver
    this.#sentBefore = this.#client.bytesWritten
    this.#takenBefore = this.#replica.bytesWritten
    client.reader = this.fromClient
    replica.reader = this.fromReplica
    this.#tie(this.#client, this.#replica, this.fromReplica)
    this.#tie(this.#replica, this.#client, this.fromClient)
    context.deadlines.add(this, Number.POSITIVE_INFINITY)
    this.#await(this.#pingMs || context.settings.timeouts.tunnelIdleMs)
    this.#client.resume()
    this.#replica.resume()
  }

  leave(why: TunnelEnd): void {
    if (!this.#isWebSocket || this.#end !== undefined) return
    this.#end = why
    this.#stage = MESSAGE
    this.#await(MESSAGE_MS)
    this.fromReplica.endWith(why === 'idle' ? closeForGood(why) : closeForReturn(why))
  }

  /** What happens at one end happens at the other: being ready for more, ending, breaking. */
  #tie(socket: Socket, other: Socket, toSocket: TunnelDirection): void {
    socket.on('drain', () => {
      toSocket.onDrain()
      other.resume()
    })
    socket.on('end', () => {
      if (socket === this.#replica) this.#loseReplica()
      other.end()
    })
    socket.on('error', () => {
      // 'close' follows.
    })
    socket.on('close', (hadError: boolean) => {
      const isLost = socket === this.#replica && this.#loseReplica()
      // A client that has just been told to come back is not reset, which could take that from it.
      if (isLost || (this.#stage !== STAYS && other === this.#client)) other.end()
      else if (hadError) cut(other)
      else other.destroySoon()
      this.#closed()
    })
  }

  /**
   * The replica has gone, and neither end had closed before: whether the client could be told so between two
   * frames.
   */
  #loseReplica(): boolean {
    const hasLeft = this.#client.readableEnded || this.#client.destroyed || this.fromClient.saidClose
    if (hasLeft || !this.fromReplica.atBoundary) return false
    this.leave('replica-lost')
    this.fromReplica.hurry()
    return true
  }

  onHeard(): void {
    // Both have said that they close, so there is nothing to wait for (RFC 6455 §7.1.1).
    if (this.fromReplica.ended && this.fromClient.saidClose) this.#client.end()
    const { tunnelIdleMs } = this.#context.settings.timeouts
    if (this.#stage === STAYS && this.#pingMs === 0 && tunnelIdleMs > 0) this.#await(tunnelIdleMs)
  }

  get #pingMs(): number {
    return this.#isWebSocket ? this.#context.settings.timeouts.tunnelPingMs : 0
  }

  /** 0: for ever. */
  #await(ms: number): void {
    const { deadlines } = this.#context
    if (ms > 0) deadlines.set(this, deadlines.after(ms))
  }

  onDeadline(): void {
    if (this.#stage === MESSAGE) {
      this.#stage = CLOSING
      this.#await(CLOSE_MS)
      this.fromReplica.hurry()
    } else if (this.#stage === CLOSING) this.#destroy()
    else if (this.#pingMs > 0) this.#beat(this.#pingMs)
    else this.#giveUp('idle')
  }

  /** Asks the ends that were silent whether they are there; gives up on one that was asked before. */
  #beat(everyMs: number): void {
    const { fromClient, fromReplica } = this
    if (isSilent(fromClient, fromReplica) || isSilent(fromReplica, fromClient)) {
      this.#giveUp('silent')
      return
    }
    if (!fromClient.heard) fromReplica.ping(PING)
    if (!fromReplica.heard) fromClient.ping(MASKED_PING)
    fromClient.heard = fromReplica.heard = false
    this.#await(everyMs)
  }

  #giveUp(why: 'idle' | 'silent'): void {
    this.#context.counters.timedOut(why === 'idle' ? 'tunnel-idle' : 'tunnel-silent')
    this.leave(why)
    if (!this.fromReplica.ended) this.#destroy()
  }

  #destroy(): void {
    this.#client.destroy()
    this.#replica.destroy()
  }

  #closed(): void {
    if (--this.#open > 0) return
    this.#context.deadlines.remove(this)
    this.#onOver({
      fromClient: this.#replica.bytesWritten - this.#takenBefore,
      fromReplica: this.#client.bytesWritten - this.#sentBefore,
      end: this.#end,
    })
  }
}

/** Whether an end was asked and has said nothing. One that has yet to take what was sent to it was not asked. */
function isSilent(from: TunnelDirection, towards: TunnelDirection): boolean {
  const wasAsked = towards.pinged && !towards.behind
  towards.pinged = false
  return wasAsked && !from.heard
}

/** Resets a connection. TLS has no reset of its own: closing without its end alert says the same. */
function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

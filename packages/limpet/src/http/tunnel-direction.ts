import type { Socket } from 'node:net'
import { Content } from './content.ts'
import type { HttpContext } from './http-context.ts'
import { MessageWriter } from './message-writer.ts'
import type { Reader } from './reading-socket.ts'
import { FrameTracker } from './websocket/frame-tracker.ts'

const NOTHING = new Content()

/** The tunnel that a direction belongs to. */
interface DirectionOwner {
  /** Something came, and was passed on. */
  onHeard(): void
}

/**
 * One direction of a tunnel: passes on what comes from one end to the other. Where it is a WebSocket's, frames of
 * the router's own can be put between those that pass.
 */
export class TunnelDirection implements Reader {
  /** Whether anything has come since the owner last cleared this. */
  heard = false
  /** Whether a ping has gone out since then. */
  pinged = false
  /** Whether a frame of the router's own was the last: nothing is passed on any more. */
  ended = false
  readonly #frames: FrameTracker | undefined
  readonly #from: Socket
  readonly #writer: MessageWriter
  readonly #context: HttpContext
  readonly #owner: DirectionOwner
  #ping = ''
  #last = ''
  #mayBreakMessage = false

  constructor(from: Socket, to: Socket, isWebSocket: boolean, context: HttpContext, owner: DirectionOwner) {
    this.#from = from
    this.#writer = new MessageWriter(to, context)
    this.#context = context
    this.#owner = owner
    this.#frames = isWebSocket ? new FrameTracker() : undefined
  }

  /** Whether its end has said that it closes, in a whole Close frame. */
  get saidClose(): boolean {
    return this.#frames?.isOver === true
  }

  /** Whether a frame can be put in now. */
  get atBoundary(): boolean {
    return this.#frames?.atBoundary === true && !this.ended
  }

  /** Whether the other end has yet to take what was sent to it. */
  get behind(): boolean {
    return this.#writer.full
  }

  onBytes(bytes: Buffer, end: number): void {
    this.heard = true
    this.pass(bytes, 0, end)
    this.#owner.onHeard()
  }

  /** The other end takes more. */
  onDrain(): void {
    this.#writer.full = false
  }

  /** Passes on `bytes[from, end)`, borrowed. */
  pass(bytes: Buffer, from: number, end: number): void {
    const frames = this.#frames
    let sent = from
    while (frames !== undefined && this.#isWaiting && sent < end) {
      const at = frames.read(bytes, sent, end, true)
      this.#send(bytes, sent, at)
      sent = at
      this.#putIn()
    }
    if (this.ended) return
    frames?.read(bytes, sent, end, false)
    this.#send(bytes, sent, end)
  }

  /** Puts a ping in, at once or behind the frame under way. */
  ping(frame: string): void {
    this.#ping = frame
    this.#putIn()
  }

  /** Puts a Close frame in as the last, at once or behind the message under way. */
  endWith(frame: string): void {
    this.#last = frame
    this.#putIn()
  }

  /** Waits no longer for the end of a message: that of a frame will do. */
  hurry(): void {
    this.#mayBreakMessage = true
    this.#putIn()
  }

  get #isWaiting(): boolean {
    return (this.#last !== '' || this.#ping !== '') && !this.ended
  }

  #putIn(): void {
    if (!this.atBoundary) return
    if (this.#ping !== '') {
      this.#writer.write(this.#ping, NOTHING)
      this.#ping = ''
      this.pinged = true
    }
    if (this.#last === '' || (this.#frames!.inMessage && !this.#mayBreakMessage)) return
    this.#writer.write(this.#last, NOTHING)
    this.ended = true
  }

  #send(bytes: Buffer, from: number, end: number): void {
    if (from === end) return
    const content = this.#context.tunnelContent
    content.clear()
    content.add(bytes, from, end)
    this.#writer.write('', content)
    if (this.#writer.full) this.#from.pause()
  }
}

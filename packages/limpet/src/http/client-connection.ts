import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { RefusalCode } from '../errors.ts'
import { CR, LF } from './characters.ts'
import type { Content } from './content.ts'
import type { Timed } from './deadlines.ts'
import { Exchange, type ExchangeClient } from './exchange.ts'
import { INCOMPLETE } from './field-block.ts'
import { HopLines } from './forward-request.ts'
import { HeldBytes } from './held-bytes.ts'
import { MessageWriter } from './message-writer.ts'
import type { Reader, ReadingSocket } from './reading-socket.ts'
import { type RefusalDetails, refusalResponse } from './refusal-response.ts'
import type { RequestHead } from './request-head.ts'
import type { Peer } from './route.ts'
import type { ServerContext } from './server-context.ts'

/** Of a request whose head was not understood. */
const NO_DETAILS: RefusalDetails = { accept: '', keepAlive: false, isHead: false, lines: '' }
const NEVER = Number.POSITIVE_INFINITY
/** How long a client may go on sending after its last answer before the connection is cut. */
const LINGER_MS = 2000
const MAX_EMPTY_BYTES = 64
const IPV4_MAPPED = '::ffff:'

const HEAD = 0
const EXCHANGE = 1
/** The last answer is written; what still comes is thrown away, so that no reset destroys the answer unread. */
const LINGERING = 2
const GONE = 3

/** One client's connection: reads requests from it, one after the other, and writes the answers. */
export class ClientConnection implements ExchangeClient, Timed, Reader {
  timedIndex = -1
  readonly peer: Peer
  readonly hopLines: HopLines
  /** The peer's address as the socket gives it. */
  readonly remoteAddress: string
  readonly #reading: ReadingSocket
  readonly #socket: Socket
  readonly #context: ServerContext
  readonly #onGone: (connection: ClientConnection) => void
  readonly #writer: MessageWriter
  #state = HEAD
  #exchange: Exchange | undefined
  /** Bytes read and not used yet: an incomplete head, or requests behind the one under way. */
  readonly #held = new HeldBytes()
  /** Whether requests are being read from bytes at hand, so that one that ends at once must not start the next. */
  #inRead = false
  /** Bytes of empty lines since the last request. */
  #emptyBytes = 0
  /** How long the request's content may still be waited for. */
  #bodyCreditMs = 0

  constructor(
    reading: ReadingSocket,
    remote: string,
    context: ServerContext,
    proto: 'http' | 'https',
    onGone: (connection: ClientConnection) => void,
  ) {
    const { socket } = reading
    this.#reading = reading
    this.#socket = socket
    this.#context = context
    this.#onGone = onGone
    this.#writer = new MessageWriter(socket, context)
    this.remoteAddress = remote
    const address = remote.startsWith(IPV4_MAPPED) ? remote.slice(IPV4_MAPPED.length) : remote
    const { settings } = context
    this.peer = { address, proto }
    this.hopLines = new HopLines({
      trusted: settings.isTrusted(address),
      peerAddress: address,
      proto,
      via: settings.via,
      forwarded: settings.forwarded,
    })
    reading.reader = this
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    context.deadlines.add(this, context.turn.nowMs + settings.timeouts.headMs)
    context.counters.opened()
    socket.resume()
  }

  get deadlineMs(): number {
    return this.#context.deadlines.of(this)
  }

  set deadlineMs(ms: number) {
    this.#context.deadlines.set(this, ms)
  }

  /** Whether no request is under way. */
  get idle(): boolean {
    return this.#state === HEAD && this.#held.length === 0
  }

  write(head: string, content: Content): boolean {
    this.#writer.write(head, content)
    return !this.#writer.full
  }

  finish(head: string, content: Content): void {
    this.#writer.finish(head, content)
  }

  post(text: string): void {
    this.#writer.post(text)
  }

  /** Reads no request from a client that does not read its answers. */
  #awaitReader(): void {
    this.#socket.pause()
    this.awaitDrain()
  }

  pauseRequest(): void {
    if (this.deadlineMs !== NEVER) this.#bodyCreditMs = this.deadlineMs - performance.now()
    this.deadlineMs = NEVER
    this.#socket.pause()
  }

  resumeRequest(): void {
    this.#awaitRequestBytes(0)
    this.#resume()
  }

  #resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  awaitDrain(): void {
    const { writeStallMs } = this.#context.settings.timeouts
    if (writeStallMs > 0) this.deadlineMs = this.#context.deadlines.after(writeStallMs)
  }

  onExchangeOver(keepAlive: boolean, nowMs: number): void {
    this.#exchange = undefined
    if (this.#state === GONE) return
    if (!keepAlive || this.#context.draining) {
      this.#linger(nowMs)
      return
    }
    this.#state = HEAD
    this.deadlineMs = nowMs + this.#context.settings.timeouts.idleMs
    if (!this.#inRead) this.#goOn()
  }

  /** Turns to the next request, unless the client has yet to take the answers to the last ones. */
  #goOn(): void {
    if (this.#writer.full) {
      this.#awaitReader()
      return
    }
    // First, since the exchange that held bytes may begin pauses the socket if it has to.
    this.#resume()
    if (this.#held.length > 0) this.#readHeld()
  }

  #readHeld(): void {
    const { bytes, length } = this.#held
    this.#held.clear()
    this.#read(bytes, length)
  }

  reset(): void {
    if (this.#state === GONE) return
    const exchange = this.#exchange
    // What came before goes out before the reset does, as far as the client takes it.
    this.#writer.flush()
    this.#leave()
    exchange?.abort()
    // TLS has no reset of its own: closing without its end alert says the same.
    if (this.peer.proto === 'http') this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  /** Ends the connection once no request is under way. */
  drain(): void {
    if (this.#state === HEAD) this.#linger(performance.now())
  }

  /** Cuts the connection, whatever is under way; a tunnel too. Answers given before have gone out. */
  destroy(): void {
    this.#writer.flush()
    this.#socket.destroy()
  }

  detach(): { reading: ReadingSocket; held: Buffer } {
    const socket = this.#socket
    this.#writer.flush()
    this.#state = GONE
    this.#exchange = undefined
    this.#context.deadlines.remove(this)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    const { bytes, length } = this.#held
    this.#held.clear()
    return { reading: this.#reading, held: bytes.subarray(0, length) }
  }

  closed(): void {
    this.#context.counters.closed()
    this.#onGone(this)
  }

  onDeadline(nowMs: number): void {
    const { counters } = this.#context
    if (this.#state === EXCHANGE) {
      if (this.#exchange?.requestComplete === false && this.#socket.writableLength === 0) {
        counters.timedOut('request-body')
        this.#exchange.onRequestTimeout()
      } else {
        counters.timedOut('write-stall')
        this.reset()
      }
    } else if (this.#writer.full) {
      counters.timedOut('write-stall')
      this.reset()
    } else if (this.#state === HEAD && this.#held.length > 0) {
      counters.timedOut('head')
      this.post(refusalResponse('LIMPET_HEAD_TIMEOUT', NO_DETAILS).text)
      this.#linger(nowMs)
    } else {
      if (this.#state === HEAD) counters.timedOut('idle')
      this.destroy()
    }
  }

  onBytes(bytes: Buffer, end: number): void {
    if (this.#state === HEAD) {
      const held = this.#held
      if (held.length === 0) {
        this.#read(bytes, end)
        return
      }
      const before = held.length
      held.append(bytes, 0, end)
      if (held.endsLine(before) || held.length > this.#context.settings.limits.headBytes) this.#readHeld()
      return
    }
    if (this.#state !== EXCHANGE) return
    const exchange = this.#exchange!
    if (exchange.requestComplete) {
      this.#hold(bytes, 0, end)
      return
    }
    this.#awaitRequestBytes(end)
    const used = exchange.onRequestBytes(bytes, end)
    if (exchange.requestComplete && this.#exchange === exchange) this.deadlineMs = NEVER
    if (used < end) this.#hold(bytes, used, end)
  }

  /** Keeps bytes for after the exchange, and reads no more until then: what a client can make us hold is one read. */
  #hold(bytes: Buffer, from: number, to: number): void {
    this.#held.append(bytes, from, to)
    this.#socket.pause()
  }

  /** Reads requests from `bytes[0, end)` until one is under way or the bytes are used up. */
  #read(bytes: Buffer, end: number): void {
    this.#inRead = true
    let at = this.#skipEmptyLines(bytes, 0, end)
    while (this.#state === HEAD && at < end && !this.#writer.full) {
      const used = this.#readRequest(bytes, at, end)
      if (used === INCOMPLETE) break
      at = this.#skipEmptyLines(bytes, used, end)
    }
    this.#inRead = false
    if (at < end && (this.#state === HEAD || this.#state === EXCHANGE)) {
      if (this.#state === EXCHANGE) this.#hold(bytes, at, end)
      else this.#held.append(bytes, at, end)
    }
    if (this.#state === HEAD && this.#writer.full) this.#awaitReader()
  }

  /**
   * Past empty lines at `from`, which some clients send after a body (RFC 9112 §2.2). Only before a request:
   * what follows one under way may be another protocol's. They are not held, and a flood of them is refused.
   */
  #skipEmptyLines(bytes: Buffer, from: number, end: number): number {
    let at = from
    if (this.#state !== HEAD || at >= end) return at
    while (bytes[at] === CR && bytes[at + 1] === LF) at += 2
    this.#emptyBytes += at - from
    if (this.#emptyBytes > MAX_EMPTY_BYTES) {
      this.#refuseHead('LIMPET_BAD_REQUEST')
      return end
    }
    return at
  }

  /** Begins the request whose head starts at `at`. Returns how far the bytes were used, or `INCOMPLETE`. */
  #readRequest(bytes: Buffer, at: number, end: number): number {
    const { settings, requestHead: head } = this.#context
    // The CR of an empty line, whose LF is to come.
    const isHalfEmpty = bytes[at] === CR && at + 1 === end
    const headEnd = isHalfEmpty ? INCOMPLETE : head.parse(bytes, at, end, settings.limits)
    if (headEnd >= 0) return this.#beginExchange(head, bytes, headEnd, end)
    if (headEnd !== INCOMPLETE) {
      this.#refuseHead(head.refusal)
      return end
    }
    if (end - at > settings.limits.headBytes) {
      this.#refuseHead('LIMPET_HEAD_TOO_LARGE')
      return end
    }
    // The time for a head runs from its first byte, however it drips.
    const byMs = performance.now() + settings.timeouts.headMs
    if (this.#held.length === 0 && this.deadlineMs > byMs) this.deadlineMs = byMs
    return INCOMPLETE
  }

  #beginExchange(head: RequestHead, bytes: Buffer, at: number, end: number): number {
    this.#emptyBytes = 0
    head.peerAddress = this.peer.address
    const exchange = new Exchange(this, this.#context, head)
    this.#exchange = exchange
    this.#state = EXCHANGE
    this.deadlineMs = NEVER
    this.#bodyCreditMs = this.#context.settings.timeouts.requestBodyMs
    const used = exchange.begin(head, bytes, at, end)
    if (!exchange.requestComplete && this.#exchange === exchange && !this.#socket.isPaused())
      this.#awaitRequestBytes(0)
    return used
  }

  /** Refuses what is not a request; nothing after it can be trusted to be one. */
  #refuseHead(code: RefusalCode): void {
    this.#context.routing.refused(code)
    this.post(refusalResponse(code, NO_DETAILS).text)
    this.#linger(performance.now())
  }

  /**
   * Waits for content: as long as `timeouts.requestBody` says, which is a credit that waiting uses up and that
   * bytes restore at `limits.bodyRate`. So a pause is forgiven, and a body that drips on and on is not.
   */
  #awaitRequestBytes(received: number): void {
    const { limits, timeouts } = this.#context.settings
    const { requestBodyMs } = timeouts
    if (requestBodyMs === 0) {
      this.deadlineMs = NEVER
      return
    }
    const nowMs = performance.now()
    const leftMs = this.deadlineMs === NEVER ? this.#bodyCreditMs : this.deadlineMs - nowMs
    const earnedMs = limits.bodyRate === 0 ? requestBodyMs : (received / limits.bodyRate) * 1000
    this.#bodyCreditMs = received === 0 ? leftMs : Math.min(requestBodyMs, leftMs + earnedMs)
    this.deadlineMs = nowMs + this.#bodyCreditMs
  }

  #linger(nowMs: number): void {
    this.#state = LINGERING
    this.#held.clear()
    this.deadlineMs = nowMs + LINGER_MS
    this.#writer.flush()
    this.#socket.end()
    this.#resume()
  }

  #leave(): void {
    this.#state = GONE
    this.#exchange = undefined
    this.#context.deadlines.remove(this)
    this.#context.counters.closed()
    this.#onGone(this)
  }

  readonly #onDrain = (): void => {
    this.#writer.full = false
    if (this.#state === HEAD) {
      this.deadlineMs = performance.now() + this.#context.settings.timeouts.idleMs
      this.#goOn()
    } else if (this.#state === EXCHANGE) {
      this.deadlineMs = NEVER
      this.#exchange?.onClientDrain()
    }
  }

  /** The client sends no more. While it waits for an answer that means it has left (`docs/request-life.md`). */
  readonly #onEnd = (): void => {
    if (this.#state === HEAD) this.#linger(performance.now())
    else if (this.#state === EXCHANGE) {
      this.#exchange?.abort()
      this.destroy()
    }
  }

  readonly #onError = (): void => {
    // 'close' follows and says all there is to say.
  }

  readonly #onClose = (): void => {
    if (this.#state === GONE) return
    const exchange = this.#exchange
    this.#leave()
    exchange?.abort()
  }
}

import type { Socket } from 'node:net'
import { type RefusalCode, refusals } from '../errors.ts'
import { CR, LF, TOKEN } from './characters.ts'
import type { Timed } from './deadlines.ts'
import { Exchange, type ExchangeClient } from './exchange.ts'
import type { RequestHop } from './forward-request.ts'
import { type RefusalDetails, refusalResponse } from './refusal-response.ts'
import { HEAD_END } from './replica-connection.ts'
import type { Peer } from './route.ts'
import type { ServerContext } from './server-context.ts'
import { writeBorrowed } from './write-message.ts'

const NONE = Buffer.alloc(0)
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
export class ClientConnection implements ExchangeClient, Timed {
  deadlineMs: number
  timedIndex = -1
  readonly peer: Peer
  readonly hop: RequestHop
  /** The peer's address as the socket gives it. */
  readonly remoteAddress: string
  readonly #socket: Socket
  readonly #context: ServerContext
  readonly #onGone: (connection: ClientConnection) => void
  #state = HEAD
  #exchange: Exchange | undefined
  /** Bytes read and not used yet: an incomplete head, or requests behind the one under way. */
  #held: Buffer = NONE
  #reading = false
  /** Bytes of empty lines since the last request. */
  #emptyBytes = 0
  /** How long the request's content may still be waited for. */
  #bodyCreditMs = 0

  constructor(
    socket: Socket,
    context: ServerContext,
    proto: 'http' | 'https',
    onGone: (connection: ClientConnection) => void,
  ) {
    this.#socket = socket
    this.#context = context
    this.#onGone = onGone
    const remote = socket.remoteAddress ?? ''
    this.remoteAddress = remote
    const address = remote.startsWith(IPV4_MAPPED) ? remote.slice(IPV4_MAPPED.length) : remote
    const { settings } = context
    this.peer = { address, proto }
    this.hop = {
      trusted: settings.isTrusted(address),
      peerAddress: address,
      proto,
      via: settings.via,
      forwarded: settings.forwarded,
    }
    this.deadlineMs = performance.now() + settings.timeouts.headMs
    socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    context.deadlines.add(this)
    context.counters.opened()
  }

  /** Whether no request is under way. */
  get idle(): boolean {
    return this.#state === HEAD && this.#held.length === 0
  }

  write(head: string, parts: readonly Buffer[]): boolean {
    return writeBorrowed(this.#socket, head, parts, this.#context.copies)
  }

  refuse(code: RefusalCode, details: RefusalDetails): number {
    this.#socket.write(refusalResponse(code, details), 'latin1')
    return refusals[code].status
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
    this.#socket.resume()
  }

  awaitDrain(): void {
    const { writeStallMs } = this.#context.settings.timeouts
    if (writeStallMs > 0) this.deadlineMs = performance.now() + writeStallMs
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
    if (!this.#reading) this.#goOn()
  }

  /** Turns to the next request, unless the client has yet to take the answers to the last ones. */
  #goOn(): void {
    if (this.#socket.writableNeedDrain) {
      this.#awaitReader()
      return
    }
    if (this.#held.length > 0) {
      const held = this.#held
      this.#held = NONE
      // First, since the exchange that these bytes may begin pauses the socket if it has to.
      this.#socket.resume()
      this.#read(held)
      return
    }
    this.#socket.resume()
  }

  reset(): void {
    if (this.#state === GONE) return
    const exchange = this.#exchange
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

  /** Cuts the connection, whatever is under way; a tunnel too. */
  destroy(): void {
    this.#socket.destroy()
  }

  detach(): { socket: Socket; held: Buffer } {
    const socket = this.#socket
    this.#state = GONE
    this.#exchange = undefined
    this.#context.deadlines.remove(this)
    socket.off('data', this.#onData)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    return { socket, held: this.#held }
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
    } else if (this.#socket.writableNeedDrain) {
      counters.timedOut('write-stall')
      this.reset()
    } else if (this.#state === HEAD && this.#held.length > 0) {
      counters.timedOut('head')
      this.refuse('LIMPET_HEAD_TIMEOUT', NO_DETAILS)
      this.#linger(nowMs)
    } else {
      if (this.#state === HEAD) counters.timedOut('idle')
      this.destroy()
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === HEAD) {
      if (this.#held.length === 0) this.#read(chunk)
      else {
        const bytes = Buffer.concat([this.#held, chunk])
        this.#held = NONE
        this.#read(bytes)
      }
      return
    }
    if (this.#state !== EXCHANGE) return
    const exchange = this.#exchange!
    if (exchange.requestComplete) {
      this.#hold(chunk)
      return
    }
    this.#awaitRequestBytes(chunk.length)
    const used = exchange.onRequestBytes(chunk)
    if (exchange.requestComplete && this.#exchange === exchange) this.deadlineMs = NEVER
    if (used < chunk.length) this.#hold(chunk.subarray(used))
  }

  /** Keeps bytes for after the exchange, and reads no more until then: what a client can make us hold is one read. */
  #hold(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    this.#socket.pause()
  }

  /** Reads requests from `bytes` until one is under way or the bytes are used up. */
  #read(bytes: Buffer): void {
    this.#reading = true
    let at = this.#skipEmptyLines(bytes, 0)
    while (this.#state === HEAD && at < bytes.length && !this.#socket.writableNeedDrain) {
      const end = this.#headEnd(bytes, at)
      if (end === -1) break
      at = this.#skipEmptyLines(bytes, this.#beginExchange(bytes, at, end))
    }
    this.#reading = false
    if (at < bytes.length && this.#state !== LINGERING && this.#state !== GONE) {
      const rest = at === 0 ? bytes : bytes.subarray(at)
      if (this.#state === EXCHANGE) this.#hold(rest)
      else this.#held = rest
    }
    if (this.#state === HEAD && this.#socket.writableNeedDrain) this.#awaitReader()
  }

  /**
   * Past empty lines at `from`, which some clients send after a body (RFC 9112 §2.2). Only before a request:
   * what follows one under way may be another protocol's. They are not held, and a flood of them is refused.
   */
  #skipEmptyLines(bytes: Buffer, from: number): number {
    let at = from
    if (this.#state !== HEAD) return at
    while (bytes[at] === CR && bytes[at + 1] === LF) at += 2
    this.#emptyBytes += at - from
    if (this.#emptyBytes > MAX_EMPTY_BYTES) {
      this.#refuseHead('LIMPET_BAD_REQUEST')
      return bytes.length
    }
    return at
  }

  /** Just past the head that starts at `at`, or -1: it is not complete yet, or was refused. */
  #headEnd(bytes: Buffer, at: number): number {
    const { limits, timeouts } = this.#context.settings
    const end = bytes.indexOf(HEAD_END, at)
    const length = end === -1 ? bytes.length - at : end + 4 - at
    if (length > limits.headBytes) {
      const lineEnd = bytes.indexOf(CR, at)
      const longTarget = lineEnd === -1 || lineEnd - at > limits.targetBytes
      this.#refuseHead(longTarget ? 'LIMPET_TARGET_TOO_LONG' : 'LIMPET_HEAD_TOO_LARGE')
      return -1
    }
    if (end !== -1) return end + 4
    if (isHopeless(bytes, at)) {
      this.#refuseHead('LIMPET_BAD_REQUEST')
      return -1
    }
    // The time for a head runs from its first byte, however it drips.
    const byMs = performance.now() + timeouts.headMs
    if (this.#held.length === 0 && this.deadlineMs > byMs) this.deadlineMs = byMs
    return -1
  }

  #beginExchange(bytes: Buffer, at: number, end: number): number {
    const head = this.#context.requestHead
    const refusal = head.parse(bytes, at, end, this.#context.settings.limits)
    if (refusal !== undefined) {
      this.#refuseHead(refusal)
      return bytes.length
    }
    this.#emptyBytes = 0
    head.peerAddress = this.peer.address
    const exchange = new Exchange(this, this.#context, head)
    this.#exchange = exchange
    this.#state = EXCHANGE
    this.deadlineMs = NEVER
    this.#bodyCreditMs = this.#context.settings.timeouts.requestBodyMs
    const used = exchange.begin(head, bytes, end)
    if (!exchange.requestComplete && this.#exchange === exchange && !this.#socket.isPaused())
      this.#awaitRequestBytes(0)
    return used
  }

  /** Refuses what is not a request; nothing after it can be trusted to be one. */
  #refuseHead(code: RefusalCode): void {
    this.#context.routing.refused(code)
    this.refuse(code, NO_DETAILS)
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
    this.#held = NONE
    this.deadlineMs = nowMs + LINGER_MS
    this.#socket.end()
    this.#socket.resume()
  }

  #leave(): void {
    this.#state = GONE
    this.#exchange = undefined
    this.#context.deadlines.remove(this)
    this.#context.counters.closed()
    this.#onGone(this)
  }

  readonly #onDrain = (): void => {
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

/** Whether the bytes can't become a request head: it starts with no method, or a line ends in a bare LF. */
function isHopeless(bytes: Buffer, at: number): boolean {
  if (at < bytes.length && TOKEN[bytes[at]!] !== 1 && bytes[at] !== CR) return true
  for (let lf = bytes.indexOf(LF, at); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf - 1] !== CR) return true
  }
  return false
}

import type { Socket } from 'node:net'
import { isLocalFault } from '../replicas/local-fault.ts'
import { type BodyReader, LengthReader, MALFORMED, UntilCloseReader } from './body.ts'
import { ChunkedReader } from './chunked.ts'
import type { Content } from './content.ts'
import type { Timed } from './deadlines.ts'
import { INCOMPLETE } from './field-block.ts'
import { HeldBytes } from './held-bytes.ts'
import type { HttpContext } from './http-context.ts'
import { MessageWriter } from './message-writer.ts'
import type { Reader, ReadingSocket } from './reading-socket.ts'
import type { ResponseHead } from './response-head.ts'

/** How an attempt to get an answer from a replica failed. */
export type Failure =
  /** No connection came about, so nothing of the request was sent. */
  | 'refused'
  | 'connect-timeout'
  /** This process has no descriptor or port left for a connection; the replica is not to blame. */
  | 'exhausted'
  /** The connection ended before a whole response head. */
  | 'reset'
  | 'response-timeout'
  | 'bad-response'
  /** The connection ended, or its framing broke, in the middle of the response's content. */
  | 'cut'
  /** It fell silent there. */
  | 'stalled'

/** Where a connection comes from and goes back to: its replica's pool. */
export interface ConnectionHome {
  /** Takes back a connection in good order. `announcedMs` is how long the replica said it keeps it, or below 0. */
  release(connection: ReplicaConnection, nowMs: number, announcedMs: number): void
  /** Forgets an idle connection that has ended. */
  forget(connection: ReplicaConnection): void
}

/** Who gets the response: the exchange that holds the connection. */
export interface ResponseSink {
  readonly method: string
  /** Whether chunked content is wanted decoded; known after `onResponseHead`. */
  readonly decodesChunks: boolean
  onConnected(): void
  /** An interim response (RFC 9110 §15.2), 101 aside. */
  onInterim(head: ResponseHead): void
  /**
   * 101; `bytes[at, end)` are borrowed bytes that followed. The sink takes the socket over with `detach`, or
   * returns false.
   */
  onSwitch(head: ResponseHead, bytes: Buffer, at: number, end: number): boolean
  onResponseHead(head: ResponseHead): void
  /** Content to relay, borrowed for the call; empty where the response has none. `done` with the last of it. */
  onContent(content: Content, done: boolean): void
  /** How long an event stream may be silent before `onSilence`, again and again; 0: for any time. */
  readonly silenceMs: number
  onSilence(): void
  onReplicaDrain(): void
  onFailure(failure: Failure): void
}

const NEVER = Number.POSITIVE_INFINITY

const CONNECTING = 0
const IDLE = 1
const HEAD = 2
const CONTENT = 3
const GONE = 4

/** One connection to a replica: sends a request, reads the answer, one exchange at a time. */
export class ReplicaConnection implements Timed, Reader {
  timedIndex = -1
  /** Whether it has served an exchange before: the replica may be closing it just now. */
  reused = false
  /** Whether any byte of this exchange's answer has come. */
  answered = false
  readonly #opened: ReadingSocket
  readonly #socket: Socket
  readonly #home: ConnectionHome
  readonly #context: HttpContext
  readonly #writer: MessageWriter
  #state = CONNECTING
  #sink: ResponseSink | undefined
  /** An incomplete head. */
  #held: HeldBytes | undefined
  #reader: BodyReader | undefined
  /** Whether the answer's framing lets the connection be used again. */
  #reusable = false
  #announcedMs = -1
  #eventStream = false

  constructor(opened: ReadingSocket, home: ConnectionHome, context: HttpContext) {
    const { socket, tls } = opened
    this.#opened = opened
    this.#socket = socket
    this.#home = home
    this.#context = context
    this.#writer = new MessageWriter(socket, context, this.#watchDrain)
    socket.on(tls ? 'secureConnect' : 'connect', this.#onConnect)
    opened.reader = this
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    context.deadlines.add(this, context.turn.nowMs + context.settings.timeouts.connectMs)
  }

  get deadlineMs(): number {
    return this.#context.deadlines.of(this)
  }

  set deadlineMs(ms: number) {
    this.#context.deadlines.set(this, ms)
  }

  /** Whether the replica takes more of a request now: it is connected, and not behind. */
  get takesMore(): boolean {
    return this.#state !== CONNECTING && !this.#writer.full
  }

  /**
   * Gives the connection to `sink` and sends a request's head with the content at hand (Latin-1 if a string).
   * `whole`: that is all of it.
   */
  begin(sink: ResponseSink, head: string, content: string | Buffer, whole: boolean): void {
    this.#sink = sink
    this.answered = false
    if (this.#state !== CONNECTING) {
      this.#state = HEAD
      this.deadlineMs = NEVER
    }
    const writer = this.#writer
    if (typeof content !== 'string') writer.writeOwned(head, content)
    else {
      writer.post(head + content)
      if (!whole) writer.flush()
    }
  }

  /** Sends more of the request's content; see `takesMore`. */
  send(content: Content): void {
    this.#writer.write('', content)
  }

  /** A replica that is behind must take something soon. */
  readonly #watchDrain = (): void => {
    if (!this.#writer.full || this.#state !== HEAD) return
    const { writeStallMs } = this.#context.settings.timeouts
    if (writeStallMs > 0) this.deadlineMs = this.#context.deadlines.after(writeStallMs)
  }

  /** Reads no more for now; the replica's silence is not its own, so no deadline runs. */
  pause(): void {
    this.deadlineMs = NEVER
    this.#socket.pause()
  }

  resume(): void {
    if (this.#state === CONTENT) this.#awaitContent()
    this.#unpause()
  }

  #unpause(): void {
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  destroy(): void {
    this.#leave()
    this.#socket.destroy()
  }

  /** Hands the socket over, without listeners. */
  detach(): ReadingSocket {
    this.#leave()
    const socket = this.#socket
    socket.off('connect', this.#onConnect)
    socket.off('secureConnect', this.#onConnect)
    socket.off('drain', this.#onDrain)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    return this.#opened
  }

  onDeadline(): void {
    if (
      this.#state === CONTENT &&
      this.#eventStream &&
      this.#sink !== undefined &&
      this.#sink.silenceMs > 0
    ) {
      this.#sink.onSilence()
      if (this.#state === CONTENT) this.#awaitContent()
      return
    }
    const failure =
      this.#state === CONNECTING
        ? 'connect-timeout'
        : this.#state === CONTENT
          ? 'stalled'
          : 'response-timeout'
    if (this.#state === CONTENT) this.#context.counters.timedOut('stream')
    else if (this.#state === HEAD && this.#writer.full) this.#context.counters.timedOut('write-stall')
    this.#fail(failure)
  }

  #leave(): void {
    if (this.#state === IDLE) this.#home.forget(this)
    this.#state = GONE
    this.#sink = undefined
    this.#context.deadlines.remove(this)
  }

  #fail(failure: Failure): void {
    const sink = this.#sink
    this.destroy()
    sink?.onFailure(failure)
  }

  readonly #onConnect = (): void => {
    if (this.#state !== CONNECTING) return
    this.#state = HEAD
    this.deadlineMs = NEVER
    this.#watchDrain()
    this.#sink?.onConnected()
  }

  readonly #onDrain = (): void => {
    this.#writer.full = false
    if (this.#state === HEAD) this.deadlineMs = NEVER
    this.#sink?.onReplicaDrain()
  }

  onBytes(bytes: Buffer, end: number): void {
    if (this.#sink === undefined) {
      // Bytes that nobody asked for: whatever they are, no later request may take them for its answer.
      this.destroy()
      return
    }
    this.answered = true
    const held = this.#held
    if (this.#state === CONTENT) this.#readContent(bytes, 0, end)
    else if (held === undefined) this.#readHeads(bytes, end)
    else {
      const before = held.length
      held.append(bytes, 0, end)
      if (!held.endsLine(before) && held.length <= this.#context.settings.limits.headBytes) return
      this.#held = undefined
      this.#readHeads(held.bytes, held.length, held)
    }
  }

  /** Reads heads from `bytes[0, end)`, which may be `held` already. */
  #readHeads(bytes: Buffer, end: number, held?: HeldBytes): void {
    const head = this.#context.responseHead
    const { headBytes } = this.#context.settings.limits
    let at = 0
    while (this.#state === HEAD) {
      const headEnd = head.parse(bytes, at, end)
      const length = (headEnd === INCOMPLETE ? end : headEnd) - at
      if (length > headBytes || (headEnd < 0 && headEnd !== INCOMPLETE)) {
        this.#fail('bad-response')
        return
      }
      if (headEnd === INCOMPLETE) {
        this.#held = at === 0 && held !== undefined ? held : new HeldBytes()
        if (this.#held !== held) this.#held.append(bytes, at, end)
        return
      }
      at = headEnd
      if (head.status === 101) {
        if (!this.#sink!.onSwitch(head, bytes, at, end)) this.#fail('bad-response')
        return
      }
      if (head.status >= 200) {
        // When this read holds the whole answer, the connection may serve its next exchange on return.
        this.#beginContent(head, bytes, at, end)
        return
      }
      this.#sink!.onInterim(head)
    }
  }

  #beginContent(head: ResponseHead, bytes: Buffer, at: number, end: number): void {
    const sink = this.#sink!
    this.#state = CONTENT
    this.deadlineMs = NEVER
    this.#reusable = head.keepAlive
    this.#announcedMs = head.keepAliveSeconds * 1000
    this.#eventStream = head.eventStream
    sink.onResponseHead(head)
    // It may have had no use for the answer.
    if (this.#sink === undefined) return
    if (head.hasNoContent(sink.method)) this.#reader = new LengthReader(0)
    else if (head.chunked) this.#reader = new ChunkedReader(!sink.decodesChunks, head.connection.named)
    else if (head.contentLength >= 0) this.#reader = new LengthReader(head.contentLength)
    else {
      this.#reader = new UntilCloseReader()
      this.#reusable = false
    }
    this.#readContent(bytes, at, end)
  }

  #readContent(bytes: Buffer, from: number, end: number): void {
    const reader = this.#reader!
    const sink = this.#sink!
    const content = this.#context.responseContent
    content.clear()
    const at = reader.read(bytes, from, end, content)
    if (at === MALFORMED) {
      if (content.bytes > 0) sink.onContent(content, false)
      this.#fail('cut')
      return
    }
    const done = reader.done
    if (done) {
      this.#reader = undefined
      if (at < end) this.#reusable = false
      this.#sink = undefined
      this.deadlineMs = NEVER
    } else {
      this.#awaitContent()
    }
    sink.onContent(content, done)
  }

  #awaitContent(): void {
    const silentMs = this.#eventStream
      ? (this.#sink?.silenceMs ?? 0)
      : this.#context.settings.timeouts.streamMs
    this.deadlineMs = silentMs === 0 ? NEVER : this.#context.deadlines.after(silentMs)
  }

  /** Ends the exchange: back to the pool when both messages were complete and the replica keeps it open. */
  release(requestComplete: boolean, nowMs: number): void {
    if (this.#state === GONE) return
    if (!requestComplete || !this.#reusable || this.#state !== CONTENT || this.#socket.destroyed) {
      this.destroy()
      return
    }
    this.#state = IDLE
    this.reused = true
    this.#unpause()
    this.#home.release(this, nowMs, this.#announcedMs)
  }

  readonly #onEnd = (): void => {
    if (this.#state === CONTENT && this.#reader instanceof UntilCloseReader) {
      const sink = this.#sink
      this.#sink = undefined
      const content = this.#context.responseContent
      content.clear()
      sink?.onContent(content, true)
      this.destroy()
      return
    }
    this.#fail(this.#state === CONTENT ? 'cut' : 'reset')
  }

  /** 'close' follows and does the rest. */
  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (this.#state === CONNECTING && isLocalFault(error)) this.#fail('exhausted')
  }

  readonly #onClose = (): void => {
    if (this.#state === GONE) return
    this.#fail(this.#state === CONNECTING ? 'refused' : this.#state === CONTENT ? 'cut' : 'reset')
  }
}

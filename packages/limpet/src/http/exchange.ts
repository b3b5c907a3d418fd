import type { RefusalCode } from '../errors.ts'
import type { TunnelEnd } from '../observe/counters.ts'
import type { AnswerContent, ContentFault } from './answer-content.ts'
import { answerHead, answerLines, offers, upgradeLines } from './answer-head.ts'
import { MALFORMED } from './body.ts'
import { Content } from './content.ts'
import { DoubtedAnswer } from './doubted-answer.ts'
import { forwardRequestHead, type HopLines, isLoop } from './forward-request.ts'
import { forwardResponseHead } from './forward-response.ts'
import { FramedAnswer } from './framed-answer.ts'
import { httpDate } from './http-date.ts'
import { PassedAnswer } from './passed-answer.ts'
import type { ReadingSocket } from './reading-socket.ts'
import { ALLOWED_METHODS, refusalResponse } from './refusal-response.ts'
import type { Failure, ReplicaConnection, ResponseSink } from './replica-connection.ts'
import { RequestContent } from './request-content.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'
import type { ExchangeSummary, Peer, Route, SentRequest } from './route.ts'
import type { ServerContext } from './server-context.ts'
import { Tunnel } from './tunnel.ts'

/** The client's side of an exchange: its connection. */
export interface ExchangeClient {
  readonly peer: Peer
  readonly hopLines: HopLines
  /** Writes a head and borrowed content; false when the client takes no more for now. */
  write(head: string, content: Content): boolean
  /** Writes a head and the last content of an answer, by the end of this turn. */
  finish(head: string, content: Content): void
  /** Writes a whole answer of the router's own, by the end of this turn. */
  post(text: string): void
  /** Reads no more of the request's content until the replica takes it. */
  pauseRequest(): void
  resumeRequest(): void
  /** The client must take what was written to it before more is read for it. */
  awaitDrain(): void
  /** The exchange is over and its answer written. */
  onExchangeOver(keepAlive: boolean, nowMs: number): void
  /** Ends the connection so that the client sees that its answer is not whole. */
  reset(): void
  /** Hands the socket over, without listeners, and the bytes that followed the request. */
  detach(): { reading: ReadingSocket; held: Buffer }
  /** The detached socket has closed. */
  closed(): void
}

/** Methods that may be sent again when it is unknown whether they were executed (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
const NOTHING = new Content()
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
/** For the heads of interim responses, which have no content (RFC 9110 §15.2). */
const WITHOUT_CONTENT = { dropCoding: true, dropLength: true, dropCacheControl: false, dropped: [] }

const refusalOf = {
  refused: 'LIMPET_NO_REPLICA',
  'connect-timeout': 'LIMPET_CONNECT_TIMEOUT',
  exhausted: 'LIMPET_EXHAUSTED',
  reset: 'LIMPET_REPLICA_RESET',
  'response-timeout': 'LIMPET_RESPONSE_TIMEOUT',
  'bad-response': 'LIMPET_BAD_RESPONSE',
  cut: 'LIMPET_BAD_RESPONSE',
  stalled: 'LIMPET_BAD_RESPONSE',
} as const satisfies Record<Failure, RefusalCode>

/** One request and its answer, from the parsed head to the last byte; relays both ways. */
export class Exchange implements ResponseSink, ExchangeSummary {
  readonly method: string
  readonly target: string
  readonly peer: Peer
  decodesChunks: boolean
  status = 0
  refusal: RefusalCode | undefined
  aborted = false
  retries = 0
  responseBytes = 0
  upgraded = false
  tunnelEnd: TunnelEnd | undefined
  durationMs = 0
  readonly #startedMs: number
  readonly #context: ServerContext
  readonly #client: ExchangeClient
  readonly #keepAlive: boolean
  /** Whether the client speaks HTTP/1.0, and so no chunked coding. */
  readonly #isOld: boolean
  /** The protocols that the client offers to switch to, lower case; empty: none. */
  readonly #upgrade: string
  readonly #content: RequestContent
  #route: Route | undefined
  #replica: ReplicaConnection | undefined
  #head = ''
  /** An answer that the client may never get. */
  #doubted: DoubtedAnswer | undefined
  /** What takes the place of the replica's content. */
  #answer: FramedAnswer | undefined
  /** The response's head, held back until its first content or the end of what was read with it. */
  #pendingHead = ''
  #headSent = false
  #closes = false
  #over = false

  constructor(client: ExchangeClient, context: ServerContext, head: RequestHead) {
    this.#client = client
    this.#context = context
    this.#startedMs = context.turn.nowMs
    this.peer = client.peer
    this.method = head.method
    this.target = head.target
    this.#isOld = head.minor === 0
    this.decodesChunks = this.#isOld
    this.#keepAlive = head.keepAlive
    this.#upgrade = head.upgrade === '' ? '' : head.upgrade.toLowerCase()
    this.#content = new RequestContent(head)
  }

  get requestComplete(): boolean {
    return this.#content.complete
  }

  get requestBytes(): number {
    return this.#content.bytes
  }

  /** Routes the request and sends it. `bytes[at, end)` followed the head; returns how far they were used. */
  begin(head: RequestHead, bytes: Buffer, at: number, end: number): number {
    const { settings, routing } = this.#context
    const { bodyBytes } = settings.limits
    if (head.maxForwards === 0) return this.#answerOptions(end)
    if (isLoop(head, settings.via)) return this.#refuseAt('LIMPET_LOOP', end)
    const route = routing.route(head, this.peer)
    this.#route = route
    // Made even for a refusal: the Accept field is read from it.
    this.#head = forwardRequestHead(head, this.#client.hopLines, route)
    if (bodyBytes > 0 && head.contentLength > bodyBytes) return this.#refuseAt('LIMPET_BODY_TOO_LARGE', end)
    const content = this.#context.requestContent
    const used = this.#readRequest(bytes, at, end, content)
    if (used === MALFORMED) return this.#refuseAt('LIMPET_BAD_FRAMING', end)
    if (this.#over) return used
    if (this.#content.begin(content, route)) this.#send(route)
    // No replica can ask for content that is held until it is whole (RFC 9110 §10.1.1).
    if (this.#content.isHeld && !this.#isOld && /^100-continue$/i.test(head.fields.find('expect') ?? ''))
      this.#client.write(CONTINUE, NOTHING)
    return used
  }

  /** `waited`: the client may be paused. */
  #send(route: Route, waited = false): void {
    if (route.refusal !== undefined) this.#refuse(route.refusal)
    else if (route.undecided) this.#awaitDecision(route)
    else this.#attempt(false, waited)
  }

  #awaitDecision(route: Route): void {
    if (!this.#content.complete) this.#client.pauseRequest()
    route.whenDecided(() => {
      if (!this.#over) this.#send(route, true)
    })
  }

  /** This router is as far as the request may go (RFC 9110 §7.6.2). */
  #answerOptions(end: number): number {
    this.status = 204
    const head = `HTTP/1.1 204 No Content\r\nAllow: ${ALLOWED_METHODS}\r\nDate: ${httpDate(Date.now())}\r\n`
    this.#client.finish(`${head}Connection: close\r\n\r\n`, NOTHING)
    this.#client.onExchangeOver(false, this.#finish())
    return end
  }

  /** More bytes from the client while the request is incomplete; returns how far they belong to it. */
  onRequestBytes(bytes: Buffer, end: number): number {
    const content = this.#context.requestContent
    const used = this.#readRequest(bytes, 0, end, content)
    if (used === MALFORMED) return this.#refuseAt('LIMPET_BAD_FRAMING', end)
    if (this.#over) return used
    if (this.#content.isHeld) {
      if (this.#content.holdMore(content, this.#route!)) this.#send(this.#route!)
      return used
    }
    this.#content.letGo()
    const replica = this.#replica
    if (content.bytes > 0) replica?.send(content)
    if (replica?.takesMore === false && !this.#content.complete) this.#client.pauseRequest()
    if (this.#content.complete) this.#awaitResponse()
    return used
  }

  /** The client has gone. */
  abort(): void {
    if (this.#over) return
    this.aborted = true
    this.#replica?.destroy()
    this.#finish()
  }

  /** The client's content came too slowly. */
  onRequestTimeout(): void {
    this.#refuse('LIMPET_BODY_TIMEOUT')
  }

  onClientDrain(): void {
    this.#replica?.resume()
  }

  #readRequest(bytes: Buffer, at: number, end: number, out: Content): number {
    const content = this.#content
    const used = content.read(
      bytes,
      at,
      end,
      out,
      this.#route?.contentCheck,
      this.#context.settings.limits.bodyBytes,
    )
    if (content.fault !== undefined && used !== MALFORMED) this.#refuse(content.fault)
    return used
  }

  #attempt(fresh: boolean, waited = false): void {
    const route = this.#route!
    const replica = route.pool.acquire(fresh)
    this.#replica = replica
    this.decodesChunks = this.#isOld || this.#answer !== undefined
    replica.begin(this, `${this.#head}${route.requestLines}\r\n`, this.#content.first, this.#content.complete)
    if (this.#content.complete) this.#awaitResponse()
    else if (!replica.takesMore) this.#client.pauseRequest()
    // The attempt before may have left the client paused.
    else if (waited || this.retries > 0) this.#client.resumeRequest()
  }

  #awaitResponse(): void {
    const replica = this.#replica
    const { responseMs } = this.#context.settings.timeouts
    // An answer that goes on with that of another replica is waited for like a first one.
    if (replica?.takesMore && responseMs > 0 && !(this.#headSent && replica.answered))
      replica.deadlineMs = this.#context.turn.nowMs + responseMs
  }

  onConnected(): void {
    this.onReplicaDrain()
  }

  /** The replica takes more: the rest of the request, or nothing but time. */
  onReplicaDrain(): void {
    const replica = this.#replica
    if (replica === undefined || !replica.takesMore) return
    if (this.#content.complete) this.#awaitResponse()
    else this.#client.resumeRequest()
  }

  onInterim(head: ResponseHead): void {
    if (this.#isOld) return
    this.#client.write(`${forwardResponseHead(head, WITHOUT_CONTENT)}\r\n`, NOTHING)
  }

  onSwitch(head: ResponseHead, bytes: Buffer, at: number, end: number): boolean {
    const upgrade = head.fields.find('upgrade') ?? ''
    const protocol = upgrade.toLowerCase()
    if (!this.#content.complete || !offers(this.#upgrade, protocol)) return false
    const route = this.#route!
    route.responded(head)
    if (route.answerContent !== undefined) return false
    this.status = 101
    this.upgraded = true
    const lines = `${upgradeLines(upgrade)}${route.responseLines}\r\n`
    this.#client.write(forwardResponseHead(head, WITHOUT_CONTENT) + lines, NOTHING)
    // A tunnel may stay for days, and this with it: what is done with is let go.
    this.#head = ''
    this.#content.first = ''
    const replica = this.#replica!.detach()
    this.#replica = undefined
    const { reading, held } = this.#client.detach()
    const isWebSocket = protocol === 'websocket'
    const tunnel = new Tunnel(this.#context, reading, replica, isWebSocket, (summary) => {
      this.#content.bytes += summary.fromClient
      this.responseBytes += summary.fromReplica
      this.tunnelEnd = summary.end
      this.#finish()
      this.#client.closed()
    })
    route.upgraded(tunnel)
    tunnel.fromClient.pass(held, 0, held.length)
    tunnel.fromReplica.pass(bytes, at, end)
    return true
  }

  onResponseHead(head: ResponseHead): void {
    const route = this.#route!
    if (route.contentCheck !== undefined && !this.#content.complete) {
      // Whoever sends it may yet turn out not to be who they say they are.
      this.#refuse('LIMPET_EARLY_ANSWER')
      return
    }
    const doubtedBytes = route.secondThoughts?.doubts(head) ?? 0
    if (doubtedBytes > 0) {
      this.#doubted = new DoubtedAnswer(head, doubtedBytes)
      this.decodesChunks = true
    } else this.#beginResponse(head, route)
  }

  /** `decoded`: the content comes without the framing that the head tells of. */
  #beginResponse(head: ResponseHead, route: Route, decoded = false): void {
    if (this.#answer !== undefined) {
      // The client has its head already, and what is to come continues what it got.
      if (route.secondThoughts?.continues(head)) route.responded(head)
      else this.#refuse('LIMPET_BAD_RESPONSE')
      return
    }
    route.responded(head)
    if (route.answerContent !== undefined) {
      this.#beginAnswer(route.answerContent, route)
      return
    }
    this.status = head.status
    const noContent = head.hasNoContent(this.method)
    const untilClose = !noContent && (head.chunked ? this.#isOld : head.contentLength < 0)
    const reframes = decoded && head.chunked && !this.#isOld
    let text = answerHead(head, route, { method: this.method, isOld: this.#isOld, reframes })
    if (reframes) {
      this.#answer = new FramedAnswer(new PassedAnswer(head.status, text), true)
      text = this.#answer.head
    }
    text += answerLines(head, route)
    this.#setHead(text, untilClose)
  }

  /** More of an answer that the client may never get. */
  #doubt(doubted: DoubtedAnswer, content: Content, done: boolean): void {
    doubted.append(content)
    if (!done && !doubted.isTooLong) return
    this.#doubted = undefined
    const route = this.#route!
    if (done && route.secondThoughts!.rejects(doubted.head, doubted.bytes, this.#sent)) {
      this.#replica?.release(this.#content.complete, this.#context.turn.nowMs)
      this.#replica = undefined
      this.#send(route)
      return
    }
    this.#beginResponse(doubted.head, route, true)
    if (this.#over) return
    const { bytes } = doubted
    content.clear()
    content.add(bytes, 0, bytes.length)
    this.onContent(content, done)
  }

  get #sent(): SentRequest {
    return { head: this.#head, mayRepeat: this.#content.complete && this.#content.replayable }
  }

  #beginAnswer(content: AnswerContent, route: Route): void {
    const answer = new FramedAnswer(content, !this.#isOld)
    this.#answer = answer
    this.status = answer.status
    this.decodesChunks = true
    this.#setHead(`${answer.head}${route.responseLines}Date: ${httpDate(Date.now())}\r\n`, this.#isOld)
    route.secondThoughts?.begins(() => this.#goOn())
  }

  /** The rest of the answer is to come from elsewhere. */
  #goOn(): void {
    if (this.#over || this.#answer === undefined || this.#replica === undefined) return
    this.#doubted = undefined
    this.#replica.destroy()
    this.#replica = undefined
    this.#breakOff(this.#answer, 'cut')
  }

  /** Holds the head back, with what it says of the connection. */
  #setHead(text: string, untilClose: boolean): void {
    this.#closes = !this.#keepAlive || untilClose || !this.#content.complete || this.#context.draining
    const option = this.#closes ? 'close' : this.#isOld ? 'keep-alive' : undefined
    this.#pendingHead = option === undefined ? `${text}\r\n` : `${text}Connection: ${option}\r\n\r\n`
  }

  onContent(content: Content, done: boolean): void {
    if (this.#doubted !== undefined) this.#doubt(this.#doubted, content, done)
    else if (this.#answer === undefined) this.#sendContent(content, done)
    else {
      const sent = this.#answer.next(content, done)
      if (this.#answer.sated && !done) this.#replica?.destroy()
      this.#sendContent(sent, done || this.#answer.sated)
    }
  }

  get silenceMs(): number {
    return this.#answer?.silenceMs ?? 0
  }

  onSilence(): void {
    if (this.#answer !== undefined) this.#sendContent(this.#answer.idle(), false)
  }

  #sendContent(content: Content, done: boolean): void {
    this.responseBytes += content.bytes
    const head = this.#pendingHead
    this.#pendingHead = ''
    this.#headSent = true
    if (done) {
      this.#client.finish(head, content)
      this.#complete()
    } else if (!this.#client.write(head, content)) {
      this.#replica?.pause()
      this.#client.awaitDrain()
    }
  }

  #complete(): void {
    const replica = this.#replica
    const requestComplete = this.#content.complete
    this.#replica = undefined
    const nowMs = this.#finish()
    replica?.release(requestComplete, nowMs)
    this.#client.onExchangeOver(requestComplete && !this.#closes, nowMs)
  }

  onFailure(failure: Failure): void {
    const replica = this.#replica!
    this.#replica = undefined
    this.#doubted = undefined
    const isUnsent = failure === 'refused' || failure === 'connect-timeout'
    if (this.#answer !== undefined && !isUnsent) {
      this.#breakOff(this.#answer, failure)
      return
    }
    if (this.#headSent && !isUnsent) {
      this.#loseAnswer(refusalOf[failure])
      return
    }
    if (isUnsent) {
      if (this.#route!.next(failure)) {
        this.retries++
        this.#attempt(false)
      } else this.#refuse(this.#route!.refusal ?? refusalOf[failure])
      return
    }
    if (failure === 'exhausted') this.#context.counters.exhausted()
    const mayRepeat =
      failure === 'reset' &&
      replica.reused &&
      !replica.answered &&
      this.#content.replayable &&
      this.retries === 0
    if (mayRepeat && IDEMPOTENT.has(this.method)) {
      this.retries++
      this.#attempt(true)
      return
    }
    this.#refuse(refusalOf[failure])
  }

  /** What was sent can't be taken back: only a broken connection tells the client that it is not whole. */
  #loseAnswer(code: RefusalCode): void {
    this.refusal = code
    this.#finish()
    this.#client.reset()
  }

  /** An answer that the router frames itself is not to come to its end as it should. */
  #breakOff(answer: FramedAnswer, failure: Failure): void {
    const route = this.#route!
    if ((failure === 'cut' || failure === 'reset') && route.secondThoughts?.reopens()) {
      answer.restart()
      this.#send(route)
    } else this.#endAnswer(answer, isContentFault(failure) ? failure : 'cut', refusalOf[failure])
  }

  #endAnswer(answer: FramedAnswer, fault: ContentFault, code: RefusalCode): void {
    const last = answer.fail(fault)
    if (last === undefined) {
      this.#loseAnswer(code)
      return
    }
    this.refusal = code
    this.#sendContent(last, true)
  }

  /** Refuses a request after which nothing can be read: all bytes up to `end` count as used. */
  #refuseAt(code: RefusalCode, end: number): number {
    this.#content.complete = false
    this.#refuse(code)
    return end
  }

  #refuse(code: RefusalCode): void {
    if (this.#over) return
    this.refusal = code
    if (this.#route === undefined) this.#context.routing.refused(code)
    this.#replica?.destroy()
    this.#replica = undefined
    if (this.#answer !== undefined) {
      this.#endAnswer(this.#answer, 'cut', code)
      return
    }
    if (this.#headSent) {
      this.#loseAnswer(code)
      return
    }
    const keepAlive = this.#keepAlive && this.#content.complete && !this.#context.draining
    const accept = /\r\naccept: *([^\r]*)/i.exec(this.#head)?.[1] ?? ''
    const lines = this.#route?.refusalLines ?? ''
    const write = this.#route?.writeRefusal ?? refusalResponse
    const response = write(code, { accept, keepAlive, isHead: this.method === 'HEAD', lines })
    this.status = response.status
    this.#client.post(response.text)
    const nowMs = this.#finish()
    this.#client.onExchangeOver(keepAlive, nowMs)
  }

  #finish(): number {
    this.#over = true
    const nowMs = this.#context.turn.nowMs
    this.durationMs = nowMs - this.#startedMs
    this.#route?.finished(this)
    return nowMs
  }
}

/** Whether it failed in the middle of an answer. */
function isContentFault(failure: Failure): failure is ContentFault {
  return failure === 'cut' || failure === 'stalled'
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { beforeHead } from '../before-head.ts'
import type { SessionRecord } from '../store/store.ts'
import { answerJsonRpc } from './answer.ts'
import { type KeptSession, messagesToReplay } from './kept-session.ts'
import { ReplayRefused } from './mcp-errors.ts'
import { messagesOf } from './messages.ts'
import type { McpServer, McpTransport } from './sdk-shapes.ts'
import { markRequests, unmarked } from './server-requests.ts'
import { type SessionEvents, whileHandling } from './session-events.ts'
import { sendSilently } from './silent-exchange.ts'

/** Clients of earlier revisions can't read an event without data. */
const firstWithEmptyEvents = '2025-11-25'

export interface LiveSessionParts {
  readonly record: SessionRecord
  readonly kept: KeptSession
  readonly server: McpServer
  readonly transport: McpTransport
  readonly events: SessionEvents
}

/** A session in this process's memory: a server and its transport, which serve it while the store has their epoch. */
export class LiveSession {
  record: SessionRecord
  kept: KeptSession
  lastUsedMs: number
  /** Requests under way, streams of GET requests left out. */
  users = 0
  /** Whether the transport has taken `initialize`. */
  begun = false
  readonly streams = new Set<ServerResponse>()
  readonly #parts: LiveSessionParts
  #closed: Promise<void> | undefined
  #leaving = false

  constructor(parts: LiveSessionParts, nowMs: number) {
    this.#parts = parts
    this.record = parts.record
    this.kept = parts.kept
    this.lastUsedMs = nowMs
  }

  get id(): string {
    return this.record.id
  }

  /** Whether a request is under way, or a stream open. */
  get isInUse(): boolean {
    return this.users > 0 || this.streams.size > 0
  }

  /** Connects the server and its transport. */
  async connect(): Promise<void> {
    const { server, transport, record } = this.#parts
    markRequests(transport, record.epoch)
    await server.connect(transport as never)
  }

  /**
   * Brings a fresh server to where the session is.
   * @throws {ReplayRefused} when the transport refuses the first message
   */
  async replay(origin: IncomingMessage): Promise<void> {
    const { transport, events } = this.#parts
    events.muted = true
    for (const [index, message] of messagesToReplay(this.kept).entries()) {
      const answer = await sendSilently(transport, origin, message, index === 0 ? undefined : this.id)
      if (index === 0 && answer.status >= 300) throw new ReplayRefused(answer)
    }
    events.muted = false
  }

  /** Answers a request. Resolves when the transport is done with it, which may be before the response has ended. */
  async serve(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    if (request.method === 'GET') {
      this.streams.add(response)
      response.once('close', () => this.streams.delete(response))
      await this.#offerCursor(request, response)
      return this.#parts.transport.handleRequest(request, response)
    }
    const understood = request.method === 'POST' ? unmarked(body, this.record.epoch) : body
    if (request.method === 'POST' && understood === undefined) return answerJsonRpc(response, 202)
    const requests = messagesOf(understood).filter(
      ({ id, method }) => id !== undefined && method !== undefined,
    )
    const ids = requests.map(({ id }) => id)
    await whileHandling(ids, () => this.#parts.transport.handleRequest(request, response, understood))
  }

  /** Lets go of it once its requests are over. Its stream of notifications ends at once: they come from elsewhere. */
  retire(): void {
    this.#leaving = true
    this.#parts.transport.closeStandaloneSSEStream?.()
    if (this.users === 0) void this.close()
  }

  /** Ends its streams of GET requests, whose clients may come back elsewhere. */
  endStreams(): void {
    this.#parts.transport.closeStandaloneSSEStream?.()
    for (const stream of this.streams) stream.destroy()
  }

  /** To be called when a request is over. */
  left(nowMs: number): void {
    this.users--
    this.lastUsedMs = nowMs
    if (this.#leaving && this.users === 0) void this.close()
  }

  /** Ends the server, its transport and all streams. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#parts.server.close().catch(() => {})
    return this.#closed
  }

  /**
   * Begins a stream of notifications with an event that is empty but has an id, as the SDKs do with all other streams:
   * a client that loses it before the first event can still ask for what it has missed.
   */
  async #offerCursor({ headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const version = headers['mcp-protocol-version']
    if (headers['last-event-id'] !== undefined || typeof version !== 'string') return
    if (version < firstWithEmptyEvents) return
    const eventId = await this.#parts.events.nextStandaloneId()
    beforeHead(response, (status) => {
      if (status === 200)
        queueMicrotask(() => response.headersSent && response.write(`id: ${eventId}\ndata: \n\n`))
    })
  }
}

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ReplicaError, SessionNotFoundError, StaleEpochError, StoppingError } from '../errors.ts'
import { isSessionId } from '../session-id.ts'
import { endOf, type SessionRecord } from '../store/store.ts'
import { startSweeper } from '../sweeper.ts'
import { UnderWay } from '../under-way.ts'
import { answerMcpError } from './answer.ts'
import type { LiveSession } from './live-session.ts'
import { LiveSessions } from './live-sessions.ts'
import { McpRequestError } from './mcp-errors.ts'
import { isInitialize } from './messages.ts'
import { type McpStore, openMcpStore } from './open-store.ts'
import { type McpSessionsOptions, type McpSettings, settingsOf } from './options.ts'
import { readBody } from './read-body.ts'
import { SessionRaiser } from './session-raiser.ts'

/** Two replicas that get requests of one session at once may take it from each other so often. */
const maxTakeovers = 5

/** How often all sessions are looked at that a store can list, for those whose replicas are gone. */
const fullSweepMs = 30_000

/**
 * Opens the MCP sessions of this process, on a store that it shares with other replicas.
 * @throws {SettingsError} when an option can't be used
 * @throws {StoreError} when the store does not answer
 */
export async function openMcpSessions(options: McpSessionsOptions): Promise<McpSessions> {
  const settings = settingsOf(options)
  const { store, storeOptions } = options
  const opened = typeof store === 'string' ? await openMcpStore(store, storeOptions) : store
  return new McpSessions(options, settings, opened)
}

/**
 * Whether nobody waits for the answer. A request that lay at this process while that was held up must not fetch back
 * a session that has gone on elsewhere; the end of its connection is read a few turns after the request itself.
 */
async function isAbandoned({ socket }: IncomingMessage, response: ServerResponse): Promise<boolean> {
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  return response.destroyed || socket.readable === false
}

/**
 * The sessions of an MCP server. One that another replica began, or that this one had and let go, is resumed at its
 * first request: a fresh server is told what its predecessor was told, and finds its state in the store.
 */
export class McpSessions {
  readonly #settings: McpSettings
  readonly #store: McpStore
  readonly #raiser: SessionRaiser
  readonly #live: LiveSessions
  readonly #resuming = new Map<string, Promise<LiveSession>>()
  readonly #underWay = new UnderWay()
  readonly #stopSweeper: () => Promise<void>
  #nextFullSweepMs = 0
  #beginning = 0
  #closed: Promise<void> | undefined

  constructor(options: McpSessionsOptions, settings: McpSettings, store: McpStore) {
    this.#settings = settings
    this.#store = store
    this.#raiser = new SessionRaiser(options, settings, store, {
      onLost: (live) => this.#live.retire(live),
      onDeleted: (live) => this.#end(live.record),
      onClosed: (live) => this.#live.forget(live),
    })
    this.#live = new LiveSessions(settings.maxLive, (id) => this.#raiser.forget(id))
    this.#stopSweeper = startSweeper((signal) => this.#sweep(signal), settings.watchMs)
  }

  /** How many sessions are in this process's memory. */
  get liveCount(): number {
    return this.#live.size
  }

  /**
   * Answers a request to the MCP endpoint; `body` is its JSON, if something has read it already. Resolves when the
   * request is over, which for a stream is its end. Never rejects.
   */
  async handle(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void> {
    const isStream = request.method === 'GET'
    const ended = response.closed ? Promise.resolve() : once(response, 'close').then(() => {})
    const work = async (): Promise<void> => {
      try {
        await this.#answer(request, response, body)
      } catch (error) {
        if (!(error instanceof ReplicaError)) this.#settings.report(error, 'answer an MCP request')
        else if (error.cause !== undefined)
          this.#settings.report(error.cause, `answer an MCP request (${error.code})`)
        answerMcpError(response, error)
      }
      await ended
    }
    await (isStream ? work() : this.#underWay.track(work))
  }

  /**
   * Takes no more requests (503), ends the streams of notifications, waits for the other requests at most `graceMs`
   * (25 s by default), and lets go of everything. Sessions stay in the store, for other replicas.
   */
  close({ graceMs = 25_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(graceMs)
    return this.#closed
  }

  async #close(graceMs: number): Promise<void> {
    for (const live of this.#live.all()) live.endStreams()
    await this.#underWay.none(graceMs)
    await this.#stopSweeper()
    await Promise.all(this.#live.all().map((live) => live.close()))
    await this.#store.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse, given: unknown): Promise<void> {
    const { method = '', headers } = request
    if (this.#closed) throw new StoppingError()
    if (!['GET', 'POST', 'DELETE'].includes(method)) {
      throw new McpRequestError(405, -32000, 'Method not allowed.', { allow: 'GET, POST, DELETE' })
    }
    const body = method === 'POST' ? (given ?? (await readBody(request))) : undefined
    const id = headers['mcp-session-id']
    if (typeof id === 'string') return this.#answerIn(id, request, response, body)
    if (method !== 'POST' || !isInitialize(body)) {
      throw new McpRequestError(400, -32000, 'Bad Request: Mcp-Session-Id header is required')
    }
    await this.#begin(request, response, body)
  }

  async #begin(request: IncomingMessage, response: ServerResponse, body: object): Promise<void> {
    this.#live.makeRoom(this.#resuming.size + this.#beginning)
    this.#beginning++
    let live: LiveSession
    try {
      live = await this.#raiser.begin(request, body)
      this.#live.use(live)
    } finally {
      this.#beginning--
    }
    this.#use(live, request, response)
    response.once('close', () => {
      // The transport has refused it: no client knows of it.
      if (!live.begun)
        this.#end(live.record).catch((error) => this.#settings.report(error, 'end an MCP session'))
    })
    await live.serve(request, response, body)
  }

  async #answerIn(
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
  ): Promise<void> {
    for (let takeovers = 0; ; takeovers++) {
      try {
        const live = await this.#enter(id, request, response)
        if (!live) return
        await this.#raiser.keep(live, body)
        return await live.serve(request, response, body)
      } catch (error) {
        if (!(error instanceof StaleEpochError) || takeovers === maxTakeovers || response.headersSent)
          throw error
        const live = this.#live.get(id)
        if (live) this.#live.retire(live)
      }
    }
  }

  /** The session, in use until the response is over; undefined when nobody waits for that any more. */
  async #enter(
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<LiveSession | undefined> {
    if (!isSessionId(id)) throw new SessionNotFoundError(id.slice(0, 256))
    for (;;) {
      await this.#resuming.get(id)?.catch(() => {})
      const record = await this.#look(id)
      const live = this.#live.get(id)
      // Higher than what the store said when this process has claimed it meanwhile.
      if (live && live.record.epoch >= record.epoch) {
        if (!this.#raiser.isOwner(live.kept, request)) throw new SessionNotFoundError(id)
        this.#use(live, request, response)
        this.#touch(live)
        return live
      }
      if (this.#resuming.has(id)) continue
      // Another replica has served it since.
      if (live) this.#live.retire(live)
      if (await isAbandoned(request, response)) return undefined
      if (this.#live.get(id) || this.#resuming.has(id)) continue
      const resumed = await this.#resume(id, request)
      this.#use(resumed, request, response)
      this.#touch(resumed)
      return resumed
    }
  }

  async #resume(id: string, request: IncomingMessage): Promise<LiveSession> {
    const work = (async () => {
      this.#live.makeRoom(this.#resuming.size + this.#beginning)
      const live = await this.#raiser.resume(id, request)
      this.#live.use(live)
      return live
    })()
    this.#resuming.set(id, work)
    try {
      return await work
    } finally {
      this.#resuming.delete(id)
    }
  }

  /** @throws {SessionNotFoundError} when it isn't there, or has expired and is ended */
  async #look(id: string): Promise<SessionRecord> {
    const record = await this.#store.sessions.look(id)
    if (record && !this.#hasEnded(record)) return record
    if (record) await this.#end(record)
    else await this.#live.get(id)?.close()
    throw new SessionNotFoundError(id, { expired: record !== undefined })
  }

  #hasEnded(record: SessionRecord): boolean {
    return this.#live.get(record.id)?.isInUse !== true && this.#settings.now() >= endOf(record)
  }

  #use(live: LiveSession, request: IncomingMessage, response: ServerResponse): void {
    if (this.#live.get(live.id) === live) this.#live.use(live)
    if (request.method === 'GET') return
    live.users++
    const leave = (): void => live.left(this.#settings.now())
    if (response.closed) leave()
    else response.once('close', leave)
  }

  /** Prolongs a session that is in use; seldom enough that it costs next to nothing. */
  #touch(live: LiveSession): void {
    const { now, ttlMs, report } = this.#settings
    const usedAtMs = now()
    live.lastUsedMs = usedAtMs
    if (usedAtMs < (live.record.usedAtMs ?? 0) + ttlMs / 20) return
    live.record = { ...live.record, usedAtMs }
    this.#store.sessions.touch(live.record, usedAtMs).catch((error) => {
      if (error instanceof StaleEpochError || error instanceof SessionNotFoundError) this.#live.retire(live)
      else report(error, 'prolong an MCP session')
    })
  }

  /** Ends a session everywhere. */
  async #end({ id, epoch }: SessionRecord): Promise<void> {
    const live = this.#live.get(id)
    await this.#store.sessions.destroy(id, epoch)
    await this.#store.events.drop(id)
    this.#live.restUntil(id, undefined)
    if (live) this.#live.retire(live)
  }

  /** Lets go of sessions that are not used, notices those that have moved, and ends those whose time is over. */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { now, restMs, report } = this.#settings
    const inUse = this.#live.all().filter((live) => live.isInUse)
    for (const live of this.#live.all()) {
      if (live.isInUse) this.#touch(live)
      else if (now() >= live.lastUsedMs + restMs) this.#live.rest(live)
    }
    let firstError: unknown
    const note = (error: unknown): void => {
      if (!(error instanceof StaleEpochError)) firstError ??= error
    }
    const listed = await this.#listed().catch(note)
    for (const id of [...inUse.map(({ id }) => id), ...this.#live.due(now()), ...(listed ?? [])]) {
      if (signal.aborted) return
      await this.#sweepOne(id).catch(note)
    }
    if (firstError !== undefined) report(firstError, 'look after MCP sessions')
  }

  /** All sessions of a store that can list them, now and then: the replicas of some may be gone. */
  async #listed(): Promise<string[]> {
    const nowMs = this.#settings.now()
    if (nowMs < this.#nextFullSweepMs) return []
    this.#nextFullSweepMs = nowMs + fullSweepMs
    return this.#store.sessions.ids()
  }

  async #sweepOne(id: string): Promise<void> {
    const record = await this.#store.sessions.look(id)
    const live = this.#live.get(id)
    if (!record) {
      this.#live.restUntil(id, undefined)
      await live?.close()
    } else if (live && live.record.epoch < record.epoch) this.#live.retire(live)
    else if (this.#hasEnded(record)) await this.#end(record)
    else this.#live.restUntil(id, endOf(record))
  }
}

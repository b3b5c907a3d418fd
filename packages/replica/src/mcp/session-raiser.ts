import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Budget } from '../budget.ts'
import { SessionNotFoundError, StoreError } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import { epochOf } from '../headers.ts'
import { limitsOf } from '../limits.ts'
import { Session } from '../session.ts'
import type { SessionRecord } from '../store/store.ts'
import { type KeptSession, keptSessionOf, learn } from './kept-session.ts'
import { LiveSession } from './live-session.ts'
import type { McpStore } from './open-store.ts'
import type { McpSessionsOptions, McpSettings } from './options.ts'
import type { JsonRpcMessage } from './sdk-shapes.ts'
import { SessionEvents } from './session-events.ts'
import { SessionState } from './session-state.ts'

/** The key of what is kept of a session's past; those of its server's state begin otherwise. */
const keptKey = 'mcp'

export interface RaiserHooks {
  /** Another replica has the session by now. */
  readonly onLost: (live: LiveSession) => void
  /** The client has ended it. */
  readonly onDeleted: (live: LiveSession) => Promise<void>
  /** Its transport is closed, by whomever. */
  readonly onClosed: (live: LiveSession) => void
}

/** Makes live sessions: new ones, and those that the store has. Knows nothing of which others are live. */
export class SessionRaiser {
  readonly #options: McpSessionsOptions
  readonly #settings: McpSettings
  readonly #store: McpStore
  readonly #hooks: RaiserHooks
  readonly #budget: Budget
  readonly #keeping = new Fifo()

  constructor(options: McpSessionsOptions, settings: McpSettings, store: McpStore, hooks: RaiserHooks) {
    this.#options = options
    this.#settings = settings
    this.#store = store
    this.#hooks = hooks
    this.#budget = new Budget(limitsOf(options.limits))
  }

  /** A new session, in the store and in memory, which has not been told of `initialize` yet. */
  async begin(request: IncomingMessage, initialize: JsonRpcMessage): Promise<LiveSession> {
    const { now, lifeMs, ttlMs } = this.#settings
    const usedAtMs = now()
    const record: SessionRecord = {
      id: randomUUID(),
      epoch: epochOf(request),
      expiresAtMs: Math.ceil((usedAtMs + lifeMs) / 1000) * 1000,
      idleMs: ttlMs,
      usedAtMs,
    }
    const principal = this.principalOf(request)
    const kept: KeptSession = {
      initialize,
      initialized: false,
      subscriptions: [],
      ...(principal !== undefined && { principal }),
    }
    await this.#store.sessions.create(record)
    try {
      await this.#sessionOf(record).put(keptKey, kept)
      return await this.#raise(record, kept, false)
    } catch (error) {
      this.forget(record.id)
      await this.#store.sessions.destroy(record.id, record.epoch).catch(() => {})
      throw error
    }
  }

  /**
   * Takes a session over and brings a fresh server to where it is.
   * @throws {SessionNotFoundError} when it isn't there, has never begun, or is somebody else's
   * @throws {StaleEpochError} when another replica takes it at this moment
   */
  async resume(id: string, request: IncomingMessage): Promise<LiveSession> {
    const before = await this.#keptOf(id)
    if (!before || !this.isOwner(before, request)) throw new SessionNotFoundError(id)
    const record = await this.#store.sessions.claim(id, epochOf(request))
    // Once more, since the one that had it until now may have changed it.
    const kept = record && (await this.#keptOf(id))
    if (!record || !kept) throw new SessionNotFoundError(id)
    const live = await this.#raise(record, kept, true)
    try {
      await this.#inTime(live.replay(request))
    } catch (error) {
      this.forget(id)
      await live.close()
      throw error
    }
    return live
  }

  /** Keeps what the messages of a request change of a session's past. Throws as `Session.put`. */
  async keep(live: LiveSession, body: unknown): Promise<void> {
    if (learn(live.kept, body) === live.kept) return
    await this.#keeping.run(live.id, async () => {
      const kept = learn(live.kept, body)
      if (kept === live.kept) return
      await this.#sessionOf(live.record).put(keptKey, kept)
      live.kept = kept
    })
  }

  /** Whether a request comes from the one who began the session. */
  isOwner(kept: KeptSession, request: IncomingMessage): boolean {
    return kept.principal === this.principalOf(request)
  }

  principalOf(request: IncomingMessage): string | undefined {
    const name = this.#options.principal?.(request)
    return name === undefined ? undefined : createHash('sha256').update(name).digest('base64url')
  }

  /** Ends the account of a session that is not live any more. */
  forget(id: string): void {
    this.#budget.forget(id)
  }

  async #raise(record: SessionRecord, kept: KeptSession, resumed: boolean): Promise<LiveSession> {
    const { report, now } = this.#settings
    const { createServer, createTransport } = this.#options
    const { id, epoch } = record
    const onLost = (): void => this.#hooks.onLost(live)
    const events = new SessionEvents({ log: this.#store.events, id, epoch, onStale: onLost, report })
    const state = new SessionState(this.#sessionOf(record, onLost))
    this.#budget.admit(id)
    const server = await createServer({ id, state, resumed })
    const transport = createTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: () => {
        live.begun = true
      },
      onsessionclosed: () => this.#hooks.onDeleted(live),
      eventStore: events,
    })
    const live: LiveSession = new LiveSession({ record, kept, server, transport, events }, now())
    transport.onclose = () => this.#hooks.onClosed(live)
    await live.connect()
    return live
  }

  #sessionOf(record: SessionRecord, onStale: () => void = () => {}): Session {
    return new Session(record, { store: this.#store.sessions, budget: this.#budget, onStale })
  }

  async #keptOf(id: string): Promise<KeptSession | undefined> {
    const record = await this.#store.sessions.look(id)
    return record && keptSessionOf(await this.#sessionOf(record).get(keptKey))
  }

  async #inTime(work: Promise<void>): Promise<void> {
    const { resumeMs } = this.#settings
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const error = new StoreError('The server has not answered the replay of this session in time.')
      timer = setTimeout(() => reject(error), resumeMs)
    })
    try {
      await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

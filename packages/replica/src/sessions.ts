import { randomUUID } from 'node:crypto'
import { Budget } from './budget.ts'
import { FullError, SessionNotFoundError, StaleEpochError } from './errors.ts'
import type { Limits } from './limits.ts'
import { Session, type SessionContext } from './session.ts'
import { isSessionId } from './session-id.ts'
import { bytesOf, endOf, type SessionRecord, type SessionStore } from './store/store.ts'

/** What a program that keeps more than state for a session, such as tensors on a GPU, is told of. */
export interface SessionHooks {
  /** The session was closed, here or by another process. */
  readonly onClose?: (id: string) => unknown
  /** Its time is over. */
  readonly onExpire?: (id: string) => unknown
  /** It lives on another replica now. */
  readonly onLost?: (id: string) => unknown
}

export interface SessionsOptions extends SessionHooks {
  readonly store: SessionStore
  readonly limits: Limits
  readonly lifeMs: number
  readonly idleMs?: number
  /** Takes errors that concern no request: those of hooks and of the sweep. */
  readonly report: (error: unknown, what: string) => void
  readonly now: () => number
}

type Ending = 'onClose' | 'onExpire' | 'onLost'

/** A session that this process knows of. */
interface Known {
  record: SessionRecord
  /** Whether this process has served it: only then its hooks are called. */
  served: boolean
  /** Requests under way. */
  users: number
  ended?: Ending
}

/**
 * The life of sessions in one process: creation, use, end. Hooks are called once for each session that this process
 * has served, and never while a request of it is under way.
 */
export class Sessions {
  readonly #options: SessionsOptions
  readonly #known = new Map<string, Known>()
  readonly #budget: Budget
  readonly #context: SessionContext
  #creating = 0

  constructor(options: SessionsOptions) {
    this.#options = options
    this.#budget = new Budget(options.limits)
    this.#context = { store: options.store, budget: this.#budget, onStale: (id) => this.#end(id, 'onLost') }
  }

  /** How many sessions this process knows of, and how many bytes they hold. */
  get held(): { sessions: number; bytes: number } {
    return { sessions: this.#known.size, bytes: this.#budget.storedBytes }
  }

  /**
   * Creates a session and takes it into use, until `leave`.
   * @throws {FullError} when there are as many as may be
   */
  async create(epoch: number): Promise<Session> {
    const { limits, store, lifeMs, idleMs, now } = this.#options
    const isFull = () => this.#known.size + this.#creating >= limits.sessions
    if (isFull()) await this.#sweepIds([...this.#known.keys()].filter((id) => this.#seemsEnded(id)))
    if (isFull()) throw new FullError(limits.sessions)
    const usedAtMs = now()
    // Whole seconds, as it is announced.
    const expiresAtMs = Math.ceil((usedAtMs + lifeMs) / 1000) * 1000
    const record: SessionRecord = {
      id: randomUUID(),
      epoch,
      expiresAtMs,
      ...(idleMs !== undefined && { idleMs, usedAtMs }),
    }
    this.#creating++
    try {
      await store.create(record)
      const known = this.#note(record)
      known.served = true
      known.users++
    } finally {
      this.#creating--
    }
    return new Session(record, this.#context)
  }

  /**
   * Takes a session into use, until `leave`.
   * @throws {SessionNotFoundError} when it is unknown, closed or expired
   * @throws {StaleEpochError} when it lives on another replica
   */
  async enter(id: string, epoch: number): Promise<Session> {
    const record = await this.#open(id, epoch)
    const known = this.#note(record)
    known.served = true
    known.users++
    // Or another process would end a session whose idle time runs out during this request.
    await this.#touch(known)
    return new Session(record, this.#context)
  }

  /** The end of a request that has entered the session, or created it. */
  async leave({ id }: Session): Promise<void> {
    const known = this.#known.get(id)
    if (!known) return
    known.users--
    if (known.ended) await this.#runHook(id, known)
    else await this.#touch(known)
  }

  /**
   * Ends a session and deletes its state. Resolves when `onClose` is done, unless requests of the session are still
   * under way.
   * @throws {SessionNotFoundError | StaleEpochError} as `enter`
   */
  async close(id: string, epoch: number): Promise<void> {
    const record = await this.#open(id, epoch)
    this.#note(record).served = true
    if (!(await this.#options.store.destroy(id, record.epoch))) throw new SessionNotFoundError(id)
    await this.#end(id, 'onClose')
  }

  /**
   * Looks at every session that this process or the store knows: ends those that have expired, and notices those that
   * were closed or taken over elsewhere. A session that can't be looked at is reported and keeps none of the others
   * from it. Ends early when `signal` says so.
   */
  async sweep(signal?: AbortSignal): Promise<void> {
    const { store, report } = this.#options
    const ids = await store.ids().catch((error) => {
      report(error, 'list sessions')
      return []
    })
    await this.#sweepIds(new Set([...ids, ...this.#known.keys()]), signal)
  }

  async #sweepIds(ids: Iterable<string>, signal?: AbortSignal): Promise<void> {
    const failed: string[] = []
    let firstError: unknown
    for (const id of ids) {
      if (signal?.aborted) break
      try {
        await this.#sweepOne(id)
      } catch (error) {
        // Somebody took it over between the look and the end: it is theirs.
        if (error instanceof StaleEpochError) continue
        firstError ??= error
        failed.push(id)
      }
    }
    if (failed.length === 0) return
    // One line, since a store that is away fails for every session.
    const others = failed.length > 1 ? ` and ${failed.length - 1} more` : ''
    this.#options.report(firstError, `look at session ${failed[0]}${others}`)
  }

  async #sweepOne(id: string): Promise<void> {
    const { store, now } = this.#options
    const before = this.#known.get(id)
    const record = await store.look(id)
    if (!record) return before && this.#vanished(id, before)
    if (before?.served && record.epoch > before.record.epoch) return this.#end(id, 'onLost')
    const known = this.#note(record)
    if (known.users > 0) return this.#touch(known)
    if (now() >= endOf(record)) return this.#expire(record)
    this.#budget.setStored(id, bytesOf(await store.list(id)))
  }

  async #open(id: string, epoch: number): Promise<SessionRecord> {
    if (!isSessionId(id)) throw new SessionNotFoundError(id.slice(0, 256))
    const known = this.#known.get(id)
    // A router that has forgotten the epoch still finds the session where it was last; a replica that has only seen it
    // in the store must not pass for that one.
    const ownEpoch = known?.served ? known.record.epoch : 0
    const record = await this.#openStored(id, Math.max(epoch, ownEpoch))
    if (!record) {
      if (known) await this.#vanished(id, known)
      throw new SessionNotFoundError(id, { expired: known !== undefined && this.#hasEnded(known.record) })
    }
    if (!this.#hasEnded(record)) return record
    if (!known?.users) await this.#expire(record)
    throw new SessionNotFoundError(id, { expired: true })
  }

  async #openStored(id: string, epoch: number): Promise<SessionRecord | undefined> {
    try {
      return await this.#options.store.open(id, epoch)
    } catch (error) {
      if (error instanceof StaleEpochError) await this.#end(id, 'onLost')
      throw error
    }
  }

  #hasEnded(record: SessionRecord): boolean {
    return this.#options.now() >= endOf(record)
  }

  #seemsEnded(id: string): boolean {
    const known = this.#known.get(id)
    return known !== undefined && this.#hasEnded(known.record)
  }

  #note(record: SessionRecord): Known {
    this.#budget.admit(record.id)
    const known = this.#known.get(record.id) ?? { record, served: false, users: 0 }
    known.record = record
    this.#known.set(record.id, known)
    return known
  }

  async #touch(known: Known): Promise<void> {
    const { store, report, now } = this.#options
    const { record } = known
    if (record.idleMs === undefined) return
    try {
      const usedAtMs = now()
      await store.touch(record, usedAtMs)
      known.record = { ...record, usedAtMs }
    } catch (error) {
      if (error instanceof StaleEpochError) return this.#end(record.id, 'onLost')
      if (!(error instanceof SessionNotFoundError)) report(error, `prolong session ${record.id}`)
    }
  }

  async #expire({ id, epoch }: SessionRecord): Promise<void> {
    await this.#options.store.destroy(id, epoch)
    await this.#end(id, 'onExpire')
  }

  /** The store has no such session any more. */
  #vanished(id: string, { record }: Known): Promise<void> {
    return this.#end(id, this.#hasEnded(record) ? 'onExpire' : 'onClose')
  }

  async #end(id: string, ending: Ending): Promise<void> {
    const known = this.#known.get(id)
    if (!known) return
    known.ended ??= ending
    this.#budget.forget(id)
    await this.#runHook(id, known)
  }

  async #runHook(id: string, known: Known): Promise<void> {
    if (known.users > 0 || !known.ended || !this.#known.delete(id) || !known.served) return
    const { [known.ended]: hook, report } = this.#options
    try {
      await hook?.(id)
    } catch (error) {
      report(error, `${known.ended} of session ${id}`)
    }
  }
}

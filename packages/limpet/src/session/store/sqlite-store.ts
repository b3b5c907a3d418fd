import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import {
  isAnnounced,
  type LostPin,
  type OpenPinStore,
  type PinStore,
  type PinStoreEvents,
  type StoredNote,
  type StoredPin,
} from './pin-store.ts'
import { extended, precedence } from './precedence.ts'
import { prepareStatements, prepareTables } from './sqlite-schema.ts'

/** How long the calling thread is held up for another process that writes; then it is tried anew, later. */
const BUSY_MS = 20
const BUSY_TRIES = 40
const BUSY_PAUSE_MS = 25
/** SQLITE_BUSY */
const BUSY = 5
const POLL_MS = 50
/** Expired records are looked for once in so many polls. */
const PRUNE_EVERY = 20

/** A store in a SQLite file, which the routers of one machine may share. `path` is absolute. */
export function sqliteStore(path: string): OpenPinStore {
  return async (events) => {
    const database = new DatabaseSync(path, { timeout: BUSY_MS })
    try {
      prepareTables(database)
      return new SqliteStore(database, events)
    } catch (error) {
      database.close()
      throw error
    }
  }
}

interface PinRow {
  readonly key: unknown
  readonly service: unknown
  readonly replica: unknown
  readonly epoch: unknown
  readonly expires_at_ms: unknown
  readonly deadline_ms: unknown
  readonly change?: number
}

class SqliteStore implements PinStore {
  readonly #database: DatabaseSync
  readonly #events: PinStoreEvents
  readonly #statements: ReturnType<typeof prepareStatements>
  readonly #origin = randomBytes(8).toString('hex')
  readonly #timer: NodeJS.Timeout
  #dataVersion: unknown
  #lastChange: number
  #polls = 0

  constructor(database: DatabaseSync, events: PinStoreEvents) {
    this.#database = database
    this.#events = events
    this.#statements = prepareStatements(database)
    this.#lastChange = Number(this.#statements.lastChange.get()?.last ?? 0)
    this.#timer = setInterval(() => this.#inBackground(() => this.#poll()), POLL_MS).unref()
  }

  write(pins: readonly StoredPin[]): Promise<readonly LostPin[]> {
    return this.#commit(() => pins.flatMap((offered) => this.#offer(offered, Date.now())))
  }

  writeNotes(notes: readonly StoredNote[]): Promise<readonly (string | undefined)[]> {
    return this.#commit(() => notes.map((note) => this.#offerNote(note, Date.now())))
  }

  async readNote(key: string): Promise<string | undefined> {
    return this.#findNote(key, Date.now())
  }

  #offerNote({ key, version, owner, text, expiresAtMs }: StoredNote, nowMs: number): string | undefined {
    const { putNote, removeNote } = this.#statements
    if (expiresAtMs <= nowMs) removeNote.run(key)
    else if (putNote.run(key, version, owner, text, Math.ceil(expiresAtMs), nowMs).changes === 0)
      return this.#findNote(key, nowMs)
    return undefined
  }

  #findNote(key: string, nowMs: number): string | undefined {
    const text = this.#statements.readNote.get(key, nowMs)?.text
    return typeof text === 'string' ? text : undefined
  }

  /** Has `change` done as a whole; another process may be writing for a while. */
  async #commit<T>(change: () => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return this.#commitNow(change)
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== BUSY || tries === BUSY_TRIES) throw error
        await setTimeout(BUSY_PAUSE_MS)
      }
    }
  }

  async read(keys: readonly string[]): Promise<readonly (StoredPin | undefined)[]> {
    const nowMs = Date.now()
    return keys.map((key) => {
      const pin = this.#find(key)
      return pin !== undefined && pin.expiresAtMs > nowMs ? pin : undefined
    })
  }

  async check(): Promise<void> {
    this.#statements.lastChange.get()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#database.isOpen) this.#database.close()
  }

  /** In one go, so that calls of this connection can't meet inside a transaction. */
  #commitNow<T>(change: () => T): T {
    const { begin, commit } = this.#statements
    begin.run()
    try {
      const result = change()
      commit.run()
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #offer(offered: StoredPin, nowMs: number): LostPin[] {
    const { put, extend, remove, nextChange } = this.#statements
    const standing = this.#find(offered.key)
    const outcome = precedence(standing, offered, nowMs)
    if (outcome === 'yields') return [{ offered, standing: standing! }]
    if (outcome === 'removes') remove.run(offered.key)
    else if (outcome === 'extends') extend.run(extended(standing!, offered).expiresAtMs, offered.key)
    else {
      const { key, home, epoch, expiresAtMs, deadlineMs } = offered
      const change = isAnnounced(offered) ? Number(nextChange.get()?.last) : 0
      const { service = null, replica = null } = home ?? {}
      put.run(key, service, replica, epoch, expiresAtMs, deadlineMs, change, this.#origin)
    }
    return []
  }

  #find(key: string): StoredPin | undefined {
    const row = this.#statements.read.get(key) as PinRow | undefined
    return row && this.#pinOf(row)
  }

  #pinOf(row: PinRow): StoredPin | undefined {
    const { key, service, replica, epoch, expires_at_ms: expiresAtMs, deadline_ms: deadlineMs } = row
    const isClosed = service === null && replica === null
    const isPin =
      isHash(key) &&
      (isClosed || (typeof service === 'string' && typeof replica === 'string')) &&
      isCount(epoch) &&
      epoch <= 0xffff &&
      isCount(expiresAtMs) &&
      isCount(deadlineMs)
    if (isPin) {
      const home = isClosed ? undefined : { service: service as string, replica: replica as string }
      return { key, home, epoch, expiresAtMs, deadlineMs }
    }
    this.#events.invalid()
    return undefined
  }

  #poll(): void {
    const { dataVersion, changes, anyExpired, prune, anyNoteExpired, pruneNotes } = this.#statements
    if (++this.#polls % PRUNE_EVERY === 0) {
      if (anyExpired.get(Date.now())) prune.run(Date.now())
      if (anyNoteExpired.get(Date.now())) pruneNotes.run(Date.now())
    }
    const version = dataVersion.get()?.data_version
    if (version === this.#dataVersion) return
    const rows = changes.all(this.#lastChange, this.#origin) as unknown as PinRow[]
    // With as many rows as were asked for there may be more, so the next poll looks again.
    if (rows.length < 1000) this.#dataVersion = version
    for (const row of rows) {
      this.#lastChange = row.change!
      const pin = this.#pinOf(row)
      if (pin !== undefined) this.#events.changed(pin)
    }
  }

  #inBackground(work: () => void): void {
    try {
      work()
    } catch (error) {
      // Another process that writes for long is no fault: the next poll comes soon.
      if ((error as { errcode?: number }).errcode === BUSY) return
      clearInterval(this.#timer)
      this.#events.failed(error as Error)
    }
  }
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

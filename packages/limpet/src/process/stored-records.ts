import type { RecordStore } from '../session/local-records.ts'
import type { SessionRecord } from '../session/session-record.ts'
import { ownerOf, parseShared, type ReplicaNames, sharedText } from '../session/shared-record.ts'
import type { StoredNote } from '../session/store/pin-store.ts'
import { storedExpiry } from '../session/stored-expiry.ts'
import type { StoreKeeper } from './store-keeper.ts'

/** How long written records are gathered, in milliseconds. */
const FLUSH_MS = 30
/** A session that has ended is above all epochs for so long: a router that still has its record must not begin it anew. */
const ENDED_VERSION = 0x10000
const ENDED_MS = 3_600_000
/** Records that wait; others are left to be written when their sessions are used again. */
const MOST_WAITING = 10_000

/** Records of sessions in the store that routers share. While it is down, this process alone has them. */
export class StoredRecords implements RecordStore {
  readonly #keeper: Pick<StoreKeeper, 'use'>
  readonly #names: ReplicaNames
  /** Undefined: the session is over. */
  readonly #waiting = new Map<string, SessionRecord | undefined>()
  #timer: NodeJS.Timeout | undefined

  constructor(keeper: Pick<StoreKeeper, 'use'>, names: ReplicaNames) {
    this.#keeper = keeper
    this.#names = names
  }

  write(key: string, record: SessionRecord): void {
    this.#put(key, record)
  }

  /** At once: the client may ask another router for its session the moment after it has ended it. */
  remove(key: string): void {
    this.#put(key, undefined)
    void this.flush()
  }

  async claim(key: string, record: SessionRecord): Promise<SessionRecord | 'ended' | undefined> {
    this.#waiting.delete(key)
    const [standing] = await this.#offer([[key, record]])
    if (standing === undefined) return undefined
    return parseShared(standing, this.#names) ?? 'ended'
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    if (this.#waiting.has(key)) return this.#waiting.get(key)
    const text = await this.#keeper.use((store) => store.readNote(key)).catch(() => undefined)
    return text === undefined ? undefined : parseShared(text, this.#names)
  }

  /** Writes what waits. Never rejects; what can't be written is let go of. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    await this.#offer(waiting)
  }

  async #offer(
    records: readonly (readonly [string, SessionRecord | undefined])[],
  ): Promise<readonly (string | undefined)[]> {
    const nowMs = Date.now()
    const notes = records.flatMap(([key, record]): StoredNote[] => {
      if (record === undefined)
        return [{ key, version: ENDED_VERSION, owner: '', text: '', expiresAtMs: nowMs + ENDED_MS }]
      const text = sharedText(record, this.#names)
      if (text === undefined) return []
      const expiresAtMs = storedExpiry(nowMs, record.ttlMs, 0)
      return [{ key, version: record.epoch, owner: ownerOf(record), text, expiresAtMs }]
    })
    return this.#keeper.use((store) => store.writeNotes(notes)).catch(() => [])
  }

  #put(key: string, record: SessionRecord | undefined): void {
    if (!this.#waiting.has(key) && this.#waiting.size >= MOST_WAITING) return
    this.#waiting.set(key, record)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }
}

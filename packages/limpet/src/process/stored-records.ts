import type { RecordStore } from '../session/local-records.ts'
import { parseRecordText, recordText, type SessionRecord } from '../session/session-record.ts'
import type { StoredNote } from '../session/store/pin-store.ts'
import { storedExpiry } from '../session/stored-expiry.ts'
import type { StoreKeeper } from './store-keeper.ts'

/** How long written records are gathered, in milliseconds. */
const FLUSH_MS = 30
/** Records that wait; others are left to be written when their sessions are used again. */
const MOST_WAITING = 10_000

/** Records of sessions in the store that routers share. While it is down, this process alone has them. */
export class StoredRecords implements RecordStore {
  readonly #keeper: Pick<StoreKeeper, 'use'>
  /** Undefined: the session is over. */
  readonly #waiting = new Map<string, SessionRecord | undefined>()
  #timer: NodeJS.Timeout | undefined

  constructor(keeper: Pick<StoreKeeper, 'use'>) {
    this.#keeper = keeper
  }

  write(key: string, record: SessionRecord): void {
    this.#put(key, record)
  }

  remove(key: string): void {
    this.#put(key, undefined)
  }

  async read(key: string): Promise<SessionRecord | undefined> {
    if (this.#waiting.has(key)) return this.#waiting.get(key)
    const text = await this.#keeper.use((store) => store.readNote(key)).catch(() => undefined)
    return text === undefined ? undefined : parseRecordText(text)
  }

  /** Writes what waits. Never rejects; what can't be written is let go of. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    const nowMs = Date.now()
    const notes = [...this.#waiting].map(([key, record]): StoredNote => {
      if (record === undefined) return { key, version: 0, text: '', expiresAtMs: 0 }
      const expiresAtMs = storedExpiry(nowMs, record.ttlMs, 0)
      return { key, version: record.epoch, text: recordText(record), expiresAtMs }
    })
    this.#waiting.clear()
    await this.#keeper.use((store) => store.writeNotes(notes)).catch(() => undefined)
  }

  #put(key: string, record: SessionRecord | undefined): void {
    if (!this.#waiting.has(key) && this.#waiting.size >= MOST_WAITING) return
    this.#waiting.set(key, record)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref()
  }
}

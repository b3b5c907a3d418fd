import type { RecordCounts } from '../observe/metrics.ts'
import {
  mostRecordLength,
  recordLength,
  type SessionMove,
  type SessionRecord,
  type SessionRecords,
  type SettingChange,
  withSetting,
} from './session-record.ts'
import { pinKey } from './store/pin-store.ts'
import { StreamEpochs } from './stream-epochs.ts'

/** The most that all records together may hold, in characters. */
const MOST_LENGTH = 64 * 1024 * 1024

/** Where records go besides, and come from when they are not here. No call rejects. */
export interface RecordStore {
  /** Has a record written soon. */
  write(key: string, record: SessionRecord): void
  remove(key: string): void
  /**
   * Writes a record at once. Resolves to another router's that stands in its place, if one does, or to `ended` where
   * the session has ended (or what stands can't be used here).
   */
  claim(key: string, record: SessionRecord): Promise<SessionRecord | 'ended' | undefined>
  read(key: string): Promise<SessionRecord | undefined>
}

/** Records in the memory of one thread, of bounded size. */
export class LocalRecords implements SessionRecords {
  /** In the order in which they were last written or read. */
  readonly #records = new Map<string, SessionRecord>()
  readonly #mostLength: number
  readonly #store: RecordStore | undefined
  readonly #streams = new StreamEpochs()
  /** The last move of each session that is under way. */
  readonly #moves = new Map<string, Promise<SessionRecord | undefined>>()
  #length = 0
  #dropped = 0

  constructor(store?: RecordStore, mostLength = MOST_LENGTH) {
    this.#store = store
    this.#mostLength = mostLength
  }

  get counts(): RecordCounts {
    return { kept: this.#records.size, length: this.#length, dropped: this.#dropped }
  }

  begin(key: Uint32Array, record: SessionRecord): void {
    if (recordLength(record) > mostRecordLength) this.#dropped++
    else this.#write(pinKey(key), record)
  }

  change(key: Uint32Array, change: SettingChange): void {
    const name = pinKey(key)
    this.#afterMoves(name, () => this.#changeHeld(name, change))
  }

  async move(key: Uint32Array, move: SessionMove): Promise<SessionRecord | undefined> {
    const name = pinKey(key)
    const before = this.#moves.get(name) ?? Promise.resolve()
    const moving = before.then(() => this.#move(name, move))
    this.#moves.set(name, moving)
    const standing = await moving
    if (this.#moves.get(name) === moving) this.#moves.delete(name)
    return standing
  }

  end(key: Uint32Array): void {
    const name = pinKey(key)
    this.#afterMoves(name, () => this.#remove(name))
  }

  async read(key: Uint32Array, epoch: number): Promise<SessionRecord | undefined> {
    const name = pinKey(key)
    const record = this.#records.get(name)
    if (record !== undefined && record.epoch >= epoch) {
      this.#keep(name, record)
      return record
    }
    const stored = await this.#readStored(name)
    const latest = this.#records.get(name)
    if (stored === undefined || stored.epoch <= (latest?.epoch ?? -1)) return latest
    this.#keep(name, stored)
    return stored
  }

  /** A store that can't be read knows nothing. */
  async #readStored(name: string): Promise<SessionRecord | undefined> {
    try {
      return await this.#store?.read(name)
    } catch {
      return undefined
    }
  }

  streams(key: Uint32Array, epoch: number | undefined): void {
    if (epoch === undefined) this.#streams.closed(pinKey(key))
    else this.#streams.opened(pinKey(key), epoch)
  }

  followed(key: Uint32Array, epoch: number): Promise<void> {
    return this.#streams.followed(pinKey(key), epoch)
  }

  /** The session of this `pinKey` is in use: a store is to keep its record for longer. */
  touch(name: string): void {
    const record = this.#records.get(name)
    if (record !== undefined) this.#store?.write(name, record)
  }

  /** A request may move its session and set something for it, or end it: the record that is to stand is not known yet. */
  #afterMoves(name: string, act: () => void): void {
    const moving = this.#moves.get(name)
    if (moving === undefined) act()
    else void moving.then(() => this.#afterMoves(name, act))
  }

  async #move(name: string, move: SessionMove): Promise<SessionRecord | undefined> {
    const record = this.#records.get(name) ?? (await this.#readStored(name))
    if (record === undefined || record.epoch >= move.epoch) return record
    const moved = { ...record, ...move }
    const standing = (await this.#store?.claim(name, moved)) ?? moved
    if (standing === 'ended') {
      this.#forget(name)
      return undefined
    }
    this.#keep(name, standing)
    return standing
  }

  #changeHeld(name: string, change: SettingChange): void {
    const record = this.#records.get(name)
    if (record !== undefined) {
      this.#change(name, record, change)
      return
    }
    void this.#readStored(name).then((stored) => {
      // It may have been read, or have changed, meanwhile.
      const latest = this.#records.get(name) ?? stored
      if (latest !== undefined) this.#change(name, latest, change)
    })
  }

  #change(name: string, record: SessionRecord, change: SettingChange): void {
    const changed = withSetting(record, change)
    if (changed !== undefined) {
      this.#write(name, changed)
      return
    }
    // A session that would lose half of what was set for it is better not begun anew at all.
    this.#remove(name)
    this.#dropped++
  }

  #remove(name: string): void {
    this.#forget(name)
    this.#store?.remove(name)
  }

  #write(name: string, record: SessionRecord): void {
    this.#keep(name, record)
    this.#store?.write(name, record)
  }

  #keep(name: string, record: SessionRecord): void {
    this.#forget(name)
    this.#records.set(name, record)
    this.#length += recordLength(record)
    for (const oldest of this.#records.keys()) {
      if (this.#length <= this.#mostLength) return
      this.#forget(oldest)
      this.#dropped++
    }
  }

  #forget(name: string): void {
    const record = this.#records.get(name)
    if (record === undefined) return
    this.#records.delete(name)
    this.#length -= recordLength(record)
  }
}

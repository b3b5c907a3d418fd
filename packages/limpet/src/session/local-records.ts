import {
  mostRecordLength,
  recordLength,
  type SessionRecord,
  type SessionRecords,
  type SettingChange,
  withSetting,
} from './session-record.ts'

/** The most that all records together may hold, in characters. */
const MOST_LENGTH = 64 * 1024 * 1024

/** Where records go besides, and come from when they are not here. */
export interface RecordStore {
  write(key: string, record: SessionRecord): void
  remove(key: string): void
  read(key: string): Promise<SessionRecord | undefined>
}

/** What happened to records so far. */
export interface RecordCounts {
  /** Records that are kept now, and their length in characters. */
  readonly kept: number
  readonly length: number
  /** Let go of for want of room, the longest untouched first, or because they were too long. */
  readonly dropped: number
}

/** Records in the memory of one thread, of bounded size. */
export class LocalRecords implements SessionRecords {
  /** In the order in which they were last written or read. */
  readonly #records = new Map<string, SessionRecord>()
  readonly #mostLength: number
  readonly #store: RecordStore | undefined
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
    else this.#write(nameOf(key), record)
  }

  change(key: Uint32Array, change: SettingChange): void {
    const name = nameOf(key)
    const record = this.#records.get(name)
    if (record !== undefined) this.#change(name, record, change)
    else
      void this.#readStored(name).then((stored) => {
        // It may have been read, or have changed, meanwhile.
        const latest = this.#records.get(name) ?? stored
        if (latest !== undefined) this.#change(name, latest, change)
      })
  }

  move(key: Uint32Array, epoch: number, idAtReplica: string): void {
    const name = nameOf(key)
    const record = this.#records.get(name)
    if (record !== undefined && record.epoch < epoch) this.#write(name, { ...record, epoch, idAtReplica })
  }

  end(key: Uint32Array): void {
    const name = nameOf(key)
    this.#forget(name)
    this.#store?.remove(name)
  }

  async read(key: Uint32Array, epoch: number): Promise<SessionRecord | undefined> {
    const name = nameOf(key)
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

  #change(name: string, record: SessionRecord, change: SettingChange): void {
    const changed = withSetting(record, change)
    if (changed !== undefined) {
      this.#write(name, changed)
      return
    }
    // A session that would lose half of what was set for it is better not begun anew at all.
    this.#forget(name)
    this.#store?.remove(name)
    this.#dropped++
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

/** A session's key as text: 32 hex digits. */
function nameOf(key: Uint32Array): string {
  return [...key].map((word) => word.toString(16).padStart(8, '0')).join('')
}

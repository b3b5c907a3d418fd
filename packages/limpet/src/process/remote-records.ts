import type { MessagePort } from 'node:worker_threads'
import type { SessionRecord, SessionRecords, SettingChange } from '../session/session-record.ts'

/** What a serving thread tells the keeper of records. */
export type RecordMessage =
  | { readonly kind: 'begin'; readonly key: Uint32Array; readonly record: SessionRecord }
  | { readonly kind: 'change'; readonly key: Uint32Array; readonly change: SettingChange }
  | { readonly kind: 'move'; readonly key: Uint32Array; readonly epoch: number; readonly idAtReplica: string }
  | { readonly kind: 'end'; readonly key: Uint32Array }
  | { readonly kind: 'read'; readonly key: Uint32Array; readonly epoch: number; readonly id: number }

/** What the keeper answers to a `read`. */
export interface RecordAnswer {
  readonly id: number
  readonly record: SessionRecord | undefined
}

/** How long a read may take: the keeper is the main thread, and that may ask a store. */
const READ_MS = 2500

/** Records that the main thread keeps for all serving threads. */
export class RemoteRecords implements SessionRecords {
  readonly #port: MessagePort
  readonly #readers = new Map<number, (record: SessionRecord | undefined) => void>()
  #nextId = 0

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', ({ id, record }: RecordAnswer) => this.#readers.get(id)?.(record))
    port.unref()
  }

  begin(key: Uint32Array, record: SessionRecord): void {
    this.#tell({ kind: 'begin', key, record })
  }

  change(key: Uint32Array, change: SettingChange): void {
    this.#tell({ kind: 'change', key, change })
  }

  move(key: Uint32Array, epoch: number, idAtReplica: string): void {
    this.#tell({ kind: 'move', key, epoch, idAtReplica })
  }

  end(key: Uint32Array): void {
    this.#tell({ kind: 'end', key })
  }

  read(key: Uint32Array, epoch: number): Promise<SessionRecord | undefined> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      const settle = (record: SessionRecord | undefined): void => {
        clearTimeout(timer)
        this.#readers.delete(id)
        resolve(record)
      }
      const timer = setTimeout(settle, READ_MS, undefined)
      this.#readers.set(id, settle)
      this.#tell({ kind: 'read', key, epoch, id })
    })
  }

  #tell(message: RecordMessage): void {
    this.#port.postMessage(message)
  }
}

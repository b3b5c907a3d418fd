import type { MessagePort } from 'node:worker_threads'
import type { SessionMove, SessionRecord, SessionRecords, SettingChange } from '../session/session-record.ts'

/** What a serving thread tells the keeper of records. */
export type RecordMessage =
  | { readonly kind: 'begin'; readonly key: Uint32Array; readonly record: SessionRecord }
  | { readonly kind: 'change'; readonly key: Uint32Array; readonly change: SettingChange }
  | {
      readonly kind: 'move'
      readonly key: Uint32Array
      readonly move: SessionMove
      readonly id: number
    }
  | { readonly kind: 'end'; readonly key: Uint32Array }
  | { readonly kind: 'streams'; readonly key: Uint32Array; readonly epoch: number | undefined }
  | { readonly kind: 'followed'; readonly key: Uint32Array; readonly epoch: number; readonly id: number }
  | { readonly kind: 'read'; readonly key: Uint32Array; readonly epoch: number; readonly id: number }

/** What the keeper answers to what has an id. */
export interface RecordAnswer {
  readonly id: number
  readonly record: SessionRecord | undefined
}

/** How long an answer may take: the keeper is the main thread, and that may ask a store. */
const ANSWER_MS = 2500

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

  move(key: Uint32Array, move: SessionMove): Promise<SessionRecord | undefined> {
    return this.#ask((id) => ({ kind: 'move', key, move, id }))
  }

  end(key: Uint32Array): void {
    this.#tell({ kind: 'end', key })
  }

  read(key: Uint32Array, epoch: number): Promise<SessionRecord | undefined> {
    return this.#ask((id) => ({ kind: 'read', key, epoch, id }))
  }

  streams(key: Uint32Array, epoch: number | undefined): void {
    this.#tell({ kind: 'streams', key, epoch })
  }

  async followed(key: Uint32Array, epoch: number): Promise<void> {
    await this.#ask((id) => ({ kind: 'followed', key, epoch, id }))
  }

  #ask(question: (id: number) => RecordMessage): Promise<SessionRecord | undefined> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      const settle = (record: SessionRecord | undefined): void => {
        clearTimeout(timer)
        this.#readers.delete(id)
        resolve(record)
      }
      const timer = setTimeout(settle, ANSWER_MS, undefined)
      this.#readers.set(id, settle)
      this.#tell(question(id))
    })
  }

  #tell(message: RecordMessage): void {
    this.#port.postMessage(message)
  }
}

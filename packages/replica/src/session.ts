import type { Budget } from './budget.ts'
import { type BytesInput, contentOf, wholeOf } from './content.ts'
import { StaleEpochError } from './errors.ts'
import { checkKey } from './store/key.ts'
import {
  bytesOf,
  type SessionRecord,
  type SessionStore,
  type StoredEntry,
  type StoredValue,
} from './store/store.ts'

/** What a session needs of its surroundings. */
export interface SessionContext {
  readonly store: SessionStore
  readonly budget: Budget
  /** Called when a change was refused because the session lives elsewhere now. */
  readonly onStale: (id: string) => void
}

/**
 * The state of one session, for the time of one request. Each call goes to the store, so that several processes see
 * the same. Keys are any text up to about 200 bytes (`BadKeyError` else).
 *
 * Every call can throw `StoreError`; those that change something also `StaleEpochError` when the session lives on
 * another replica by now, and `SessionNotFoundError` when it has ended meanwhile.
 */
export class Session {
  readonly id: string
  /** How often the session has been moved between replicas, as the router counts. */
  readonly epoch: number
  /** The end of its life in milliseconds since 1970; with an idle time it may end sooner. */
  readonly expiresAtMs: number
  readonly #context: SessionContext

  constructor({ id, epoch, expiresAtMs }: SessionRecord, context: SessionContext) {
    this.id = id
    this.epoch = epoch
    this.expiresAtMs = expiresAtMs
    this.#context = context
  }

  /** A JSON value, or a `Buffer` if bytes were put; undefined when there is none. */
  async get(key: string): Promise<unknown> {
    const value = await this.read(key)
    return value && wholeOf(value)
  }

  /** The same as a stream, from the byte `from` on: read `content` to its end, or destroy it. */
  async read(key: string, from = 0): Promise<StoredValue | undefined> {
    checkKey(key)
    return this.#context.store.read(this.id, key, from)
  }

  /**
   * Puts bytes (a `Uint8Array`, or a stream, of which no more than a piece is held in memory), or anything else as
   * JSON. The value changes in one step, once all of it is stored.
   * @throws {TooLargeError | NoSpaceError} when it is more than the limits allow; the old value stays
   * @throws {BadValueError} when JSON has no form for it
   */
  async put(key: string, value: BytesInput | unknown): Promise<void> {
    checkKey(key)
    const { store, budget } = this.#context
    const { kind, content } = contentOf(value)
    const entries = await store.list(this.id)
    budget.setStored(this.id, bytesOf(entries))
    const replacedBytes = entries.find((entry) => entry.key === key)?.bytes ?? 0
    await this.#change(() =>
      budget.spend(this.id, replacedBytes, content, async (metered) => {
        const bytes = await store.write(this.id, this.epoch, { key, kind, content: metered })
        budget.setStored(this.id, bytes)
      }),
    )
  }

  /** Whether there was such a value. */
  async delete(key: string): Promise<boolean> {
    checkKey(key)
    return this.#change(() => this.#context.store.remove(this.id, this.epoch, key))
  }

  /** All values with their kinds and sizes, in no order. */
  async list(): Promise<StoredEntry[]> {
    return this.#context.store.list(this.id)
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof StaleEpochError) this.#context.onStale(this.id)
      throw error
    }
  }
}

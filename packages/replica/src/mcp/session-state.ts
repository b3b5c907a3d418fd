import { Fifo } from '../fifo.ts'
import type { Session } from '../session.ts'

const prefix = 'state/'

/**
 * A server's own state of one MCP session, in the store, so that the next replica has it. Keys are any text up to about
 * 190 bytes.
 *
 * Every call can throw `StoreError`; those that change something also `StaleEpochError` when another replica has the
 * session by now, `SessionNotFoundError` when it has ended, `TooLargeError` and `NoSpaceError` beyond the limits.
 */
export class SessionState {
  readonly #session: Session
  readonly #fifo = new Fifo()

  constructor(session: Session) {
    this.#session = session
  }

  /** What was set: a JSON value, or a `Buffer` if bytes were. Undefined when there is none. */
  async get<T = unknown>(key: string): Promise<T | undefined> {
    return (await this.#session.get(prefix + key)) as T | undefined
  }

  /** Sets a JSON value, or bytes for a `Uint8Array` or a stream. It changes in one step. */
  async set(key: string, value: unknown): Promise<void> {
    await this.#session.put(prefix + key, value)
  }

  /**
   * Sets what `change` makes of the present value, and gives that. Updates of a key wait for each other, and no other
   * replica can write in between: the one that has lost the session is refused.
   */
  async update<T>(key: string, change: (value: T | undefined) => T | Promise<T>): Promise<T> {
    return this.#fifo.run(key, async () => {
      const value = await change(await this.get<T>(key))
      await this.set(key, value)
      return value
    })
  }

  /** Whether there was such a value. */
  async delete(key: string): Promise<boolean> {
    return this.#session.delete(prefix + key)
  }

  /** All keys, in no order. */
  async keys(): Promise<string[]> {
    const entries = await this.#session.list()
    return entries.filter(({ key }) => key.startsWith(prefix)).map(({ key }) => key.slice(prefix.length))
  }
}

import { NoSpaceError, TooLargeError } from './errors.ts'
import type { Limits } from './limits.ts'

interface Use {
  storedBytes: number
  /** Of values that are being written. */
  arrivingBytes: number
}

/** How many bytes of state each session holds, and what may still come. */
export class Budget {
  readonly #limits: Limits
  readonly #uses = new Map<string, Use>()
  #storedBytes = 0
  #arrivingBytes = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** The bytes that all known sessions hold. */
  get storedBytes(): number {
    return this.#storedBytes
  }

  /** Keeps account of a session from now on. */
  admit(id: string): void {
    if (!this.#uses.has(id)) this.#uses.set(id, { storedBytes: 0, arrivingBytes: 0 })
  }

  /** Takes over what the store says that a session holds. Does nothing for one that has ended. */
  setStored(id: string, bytes: number): void {
    const use = this.#uses.get(id)
    if (!use) return
    this.#storedBytes += bytes - use.storedBytes
    use.storedBytes = bytes
  }

  /** Forgets a session that has ended. */
  forget(id: string): void {
    this.#storedBytes -= this.#uses.get(id)?.storedBytes ?? 0
    this.#uses.delete(id)
  }

  /**
   * Passes on the content of a value that replaces one of `replacedBytes`, and counts it until `work` has stored it.
   * Values that are written at the same time count each other.
   * @throws {TooLargeError | NoSpaceError} out of the content, as soon as it is too much
   */
  async spend<T>(
    id: string,
    replacedBytes: number,
    content: AsyncIterable<Uint8Array>,
    work: (metered: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const use = this.#uses.get(id) ?? { storedBytes: 0, arrivingBytes: 0 }
    let bytes = 0
    const add = (more: number): void => {
      bytes += more
      use.arrivingBytes += more
      this.#arrivingBytes += more
    }
    const check = (): void => {
      const { valueBytes, sessionBytes, totalBytes } = this.#limits
      if (bytes > valueBytes) throw new TooLargeError('value', valueBytes)
      if (use.storedBytes + use.arrivingBytes - replacedBytes > sessionBytes) {
        throw new TooLargeError('session', sessionBytes)
      }
      if (this.#storedBytes + this.#arrivingBytes - replacedBytes > totalBytes) throw new NoSpaceError()
    }
    async function* metered(): AsyncGenerator<Uint8Array> {
      for await (const piece of content) {
        add(piece.byteLength)
        check()
        yield piece
      }
    }
    try {
      return await work(metered())
    } finally {
      add(-bytes)
    }
  }
}

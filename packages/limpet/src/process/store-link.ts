import type { OpenPinStore, PinStore, StoredPin } from '../session/store/pin-store.ts'

const OPEN_MS = 3000
const CHECK_EVERY_MS = 1000
const CHECK_MS = 2000
const BACKOFF_FIRST_MS = 100
const BACKOFF_LAST_MS = 2000

/** What the holder of a link is told. */
export interface LinkEvents {
  changed(pin: StoredPin): void
  invalid(): void
  up(): void
  /** The store can't be used, and is tried again and again until `up`. Told once for each time it goes down. */
  down(error: Error): void
}

/**
 * Keeps a store open: opens it, looks after it once a second, and opens it anew with growing pauses when it has
 * failed or hangs. Never rejects or throws but in `call`.
 */
export class StoreLink {
  readonly #open: OpenPinStore
  readonly #events: LinkEvents
  #store: PinStore | undefined
  #timer: NodeJS.Timeout | undefined
  #backoffMs = BACKOFF_FIRST_MS
  #saidDown = false
  #stopped = false

  constructor(open: OpenPinStore, events: LinkEvents) {
    this.#open = open
    this.#events = events
  }

  get isUp(): boolean {
    return this.#store !== undefined
  }

  start(): void {
    void this.#connect()
  }

  /** Calls the store. Rejects when it is down, fails, or takes longer than `ms`; a failure takes the link down. */
  async call<T>(work: (store: PinStore) => Promise<T>, ms: number): Promise<T> {
    const store = this.#store
    if (store === undefined) throw new Error('the store is down')
    try {
      return await within(ms, work(store))
    } catch (error) {
      if (!(error instanceof TimeoutError)) this.#fail(store, error as Error)
      throw error
    }
  }

  /** Takes the link down, as after calls that timed out. */
  fail(error: Error): void {
    if (this.#store !== undefined) this.#fail(this.#store, error)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const store = this.#store
    this.#store = undefined
    await store?.close()
  }

  async #connect(): Promise<void> {
    let store: PinStore | undefined
    const events = {
      changed: (pin: StoredPin) => this.#events.changed(pin),
      invalid: () => this.#events.invalid(),
      failed: (error: Error) => store && this.#fail(store, error),
    }
    try {
      store = await this.#open(events, AbortSignal.timeout(OPEN_MS))
    } catch (error) {
      this.#down(error as Error)
      return
    }
    if (this.#stopped) {
      await store.close()
      return
    }
    this.#store = store
    this.#backoffMs = BACKOFF_FIRST_MS
    this.#saidDown = false
    this.#events.up()
    this.#later(CHECK_EVERY_MS, () => this.#check())
  }

  async #check(): Promise<void> {
    const store = this.#store
    if (store === undefined) return
    try {
      await within(CHECK_MS, store.check())
    } catch (error) {
      this.#fail(store, error as Error)
      return
    }
    this.#later(CHECK_EVERY_MS, () => this.#check())
  }

  #fail(store: PinStore, error: Error): void {
    if (store !== this.#store) return
    this.#store = undefined
    void store.close()
    this.#down(error)
  }

  #down(error: Error): void {
    if (this.#stopped) return
    if (!this.#saidDown) this.#events.down(error)
    this.#saidDown = true
    this.#later(this.#backoffMs, () => this.#connect())
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_LAST_MS)
  }

  #later(ms: number, work: () => Promise<void>): void {
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => void work(), ms).unref()
  }
}

/** A call to the store took too long. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`the store did not answer within ${ms} ms`)), ms)
  })
  // When it is late, whatever becomes of it is of no more interest.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

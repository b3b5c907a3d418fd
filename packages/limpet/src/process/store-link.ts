import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import type { OpenPinStore, PinStore, PinStoreEvents } from '../session/store/pin-store.ts'

/** How long the store may take to be opened, and for one call. A server that hangs is as good as none. */
const OPEN_MS = 5000
const CALL_MS = 2000
const CHECK_EVERY_MS = 1000
const RETRY_FIRST_MS = 100
const RETRY_LAST_MS = 5000

/** What a link is made with. */
export interface StoreLinkParts {
  readonly open: OpenPinStore
  /** The store's URL without secrets. */
  readonly shown: string
  readonly log: Logger
  readonly events: Omit<PinStoreEvents, 'failed'>
  /** The store can be used from now on; `isFirst`: for the first time. */
  up(isFirst: boolean): void
  down(): void
}

/**
 * Keeps the store open: opens it, watches it, and opens it anew after it has failed, with growing pauses. Says in
 * one log line each that it is lost and that it is back.
 */
export class StoreLink {
  readonly #parts: StoreLinkParts
  #store: PinStore | undefined
  #retryMs = RETRY_FIRST_MS
  #timer: NodeJS.Timeout | undefined
  #opening: AbortController | undefined
  #saidDown = false
  #wasUp = false
  #closed = false
  #downSinceMs = performance.now()

  constructor(parts: StoreLinkParts) {
    this.#parts = parts
  }

  get isUp(): boolean {
    return this.#store !== undefined
  }

  /** Resolves when the first try to open the store has ended, one way or the other. Never rejects. */
  start(): Promise<void> {
    return this.#open()
  }

  /** Uses the store. Rejects when it is down, or fails or hangs meanwhile; then it is opened anew. */
  async use<T>(call: (store: PinStore) => Promise<T>): Promise<T> {
    const store = this.#store
    if (store === undefined) throw new Error('the store is down')
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), CALL_MS)
    try {
      return await Promise.race([call(store), rejection(late.signal, `no answer within ${CALL_MS} ms`)])
    } catch (error) {
      this.#fail(store, error as Error)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#opening?.abort()
    const store = this.#store
    this.#store = undefined
    await store?.close()
  }

  async #open(): Promise<void> {
    const { open, events } = this.#parts
    const opening = new AbortController()
    this.#opening = opening
    const timer = setTimeout(() => opening.abort(), OPEN_MS)
    let store: PinStore | undefined
    let lost: Error | undefined
    const failed = (error: Error): void => {
      lost = error
      if (store !== undefined) this.#fail(store, error)
    }
    try {
      const opened = open({ ...events, failed }, opening.signal)
      // One that comes too late is nobody's.
      opened.then((late) => (opening.signal.aborted ? late.close() : undefined)).catch(() => undefined)
      store = await Promise.race([opened, rejection(opening.signal, `not open within ${OPEN_MS} ms`)])
      if (lost !== undefined) throw lost
    } catch (error) {
      await store?.close()
      this.#isLost(error as Error)
      return
    } finally {
      clearTimeout(timer)
    }
    if (this.#closed) await store.close()
    else this.#isOpen(store)
  }

  #isOpen(store: PinStore): void {
    const { shown, log, up } = this.#parts
    const downMs = Math.round(performance.now() - this.#downSinceMs)
    if (this.#saidDown) log.info({ store: shown, downMs }, 'the store of pins is back')
    else log.info({ store: shown }, 'the store of pins is open')
    const isFirst = !this.#wasUp
    this.#store = store
    this.#wasUp = true
    this.#saidDown = false
    this.#retryMs = RETRY_FIRST_MS
    this.#timer = setTimeout(() => void this.#check(), CHECK_EVERY_MS)
    up(isFirst)
  }

  /** An idle store must not hang unnoticed. */
  async #check(): Promise<void> {
    const checked = await this.use((store) => store.check()).then(
      () => true,
      () => false,
    )
    if (checked && this.isUp) this.#timer = setTimeout(() => void this.#check(), CHECK_EVERY_MS)
  }

  #fail(store: PinStore, error: Error): void {
    if (store !== this.#store) return
    this.#store = undefined
    this.#downSinceMs = performance.now()
    this.#parts.down()
    void store.close()
    this.#isLost(error)
  }

  #isLost(error: Error): void {
    if (this.#closed) return
    const { shown, log } = this.#parts
    const reason = error.message || (error as NodeJS.ErrnoException).code || error.name
    const message = "the store of pins can't be used; routing goes on without it"
    if (!this.#saidDown) log.warn({ store: shown, reason }, message)
    this.#saidDown = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#open(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS)
  }
}

function rejection(signal: AbortSignal, message: string): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new Error(message))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

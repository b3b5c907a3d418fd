import type { Logger } from 'pino'
import { seldom } from '../observe/seldom.ts'
import type { StoreCounts } from '../observe/store-metrics.ts'
import { noteField, noteFields } from '../session/pin-journal.ts'
import { noReplica } from '../session/pin-memory.ts'
import type { PinTable } from '../session/pin-table.ts'
import {
  type LostPin,
  type OpenPinStore,
  type PinHome,
  pinKey,
  readPinKey,
  type StoredPin,
} from '../session/store/pin-store.ts'
import { WriteQueue } from '../session/store/write-queue.ts'
import { storeWord } from '../session/store-state.ts'
import { StoreLink } from './store-link.ts'

/** How long written pins are gathered. With the journals' 20 ms this is what a `kill -9` can lose. */
const FLUSH_MS = 30
const BATCH = 500
/** How long the first requests may wait for the store at the start, and the last writes at the end. */
const START_MS = 2000
const CLOSE_MS = 2000
const SAY_EVERY_MS = 10_000

/** What a keeper works with. */
export interface StoreKeeperParts {
  readonly open: OpenPinStore
  /** The store's URL without secrets. */
  readonly shown: string
  /** The most records that wait to be written. */
  readonly queueLimit: number
  readonly pins: PinTable
  /** Of `createStoreState`. */
  readonly state: SharedArrayBuffer
  readonly replicas: {
    nameOf(id: number): PinHome | undefined
    findId(service: string, replica: string): number | undefined
  }
  readonly log: Logger
  /** The store is back after it was lost: all pins are to be offered to it again. */
  onReturn(): void
}

/** The main thread's end of the store: writes what the journals note, answers their questions, takes over changes. */
export class StoreKeeper {
  readonly #parts: StoreKeeperParts
  readonly #state: Int32Array
  readonly #queue: WriteQueue
  readonly #link: StoreLink
  readonly #words = new Uint32Array(4)
  readonly #counts = {
    written: 0,
    lost: 0,
    dropped: 0,
    calls: 0,
    failedCalls: 0,
    announced: 0,
    unknown: 0,
    invalid: 0,
  }
  readonly #reads = { hit: 0, miss: 0, error: 0 }
  readonly #sayDropped: () => void
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  constructor(parts: StoreKeeperParts) {
    const { open, shown, log, state, queueLimit } = parts
    this.#parts = parts
    this.#state = new Int32Array(state)
    this.#queue = new WriteQueue(queueLimit)
    this.#link = new StoreLink({
      open,
      shown,
      log,
      events: { changed: (pin) => this.#onChange(pin), invalid: () => void this.#counts.invalid++ },
      up: (isFirst) => {
        Atomics.store(this.#state, storeWord.up, 1)
        if (!isFirst) parts.onReturn()
        this.#schedule()
      },
      down: () => Atomics.store(this.#state, storeWord.up, 0),
    })
    this.#sayDropped = seldom(SAY_EVERY_MS, (heldBack) => {
      log.warn({ store: shown, heldBack }, 'no room for a pin that waits to be stored: see store.queue')
    })
  }

  /** Opens the store, and resolves when it is open, can't be opened now, or takes long. */
  async start(): Promise<void> {
    await Promise.race([this.#link.start(), pause(START_MS)])
  }

  /** Room in the queue, as a share of it. */
  get free(): number {
    return 1 - this.#queue.size / this.#parts.queueLimit
  }

  /** Takes a journal's notes: `noteFields` numbers each. */
  notes(notes: Float64Array): void {
    for (let at = 0; at < notes.length; at += noteFields) {
      this.offer(
        pinKey(notes, at + noteField.key),
        notes[at + noteField.replica]!,
        notes[at + noteField.epoch]!,
        notes[at + noteField.expiresAtMs]!,
        notes[at + noteField.deadlineMs]!,
      )
    }
  }

  /** Has a record written soon; `replica` is an id or `noReplica`. */
  offer(key: string, replica: number, epoch: number, expiresAtMs: number, deadlineMs: number): void {
    const home = replica === noReplica ? undefined : this.#parts.replicas.nameOf(replica)
    // A replica that is gone from the config meanwhile: the session's next request moves it.
    if (home === undefined && replica !== noReplica) return
    const pin: StoredPin = { key, home, epoch, expiresAtMs, deadlineMs }
    if (!this.#queue.offer(pin, Date.now())) {
      this.#counts.dropped++
      this.#sayDropped()
    }
    this.#schedule()
  }

  /** Answers a journal's question: four words for each key. `answer` is called once, unless the store hangs. */
  lookup(words: Uint32Array, answer: (found: Uint8Array) => void): void {
    const keys = Array.from({ length: words.length / 4 }, (_, index) => pinKey(words, index * 4))
    const found = new Uint8Array(keys.length)
    this.use((store) => store.read(keys)).then(
      (pins) => {
        for (const [index, stored] of pins.entries()) {
          const pin = this.#queue.get(keys[index]!) ?? stored
          if (pin !== undefined && this.#takeOver(pin)) found[index] = 1
          this.#reads[pin === undefined ? 'miss' : 'hit']++
        }
        answer(found)
      },
      () => {
        this.#reads.error += keys.length
        answer(found)
      },
    )
  }

  stats(): StoreCounts {
    const skipped = Atomics.load(this.#state, storeWord.skipped) >>> 0
    const timeout = Atomics.load(this.#state, storeWord.timedOut) >>> 0
    return {
      ...this.#counts,
      up: this.#link.isUp,
      queue: this.#queue.size,
      reads: { ...this.#reads, timeout, skipped },
    }
  }

  /** Writes what waits, as far as the store takes it within 2 s, and closes it. */
  async close(): Promise<void> {
    const end = performance.now() + CLOSE_MS
    clearTimeout(this.#timer)
    while (this.#link.isUp && this.#queue.size > 0 && performance.now() < end) {
      this.#writing ??= this.#writeAll()
      await Promise.race([this.#writing, pause(CLOSE_MS)])
    }
    const left = this.#queue.size
    if (left > 0) this.#parts.log.warn({ store: this.#parts.shown, left }, 'these pins were not stored')
    Atomics.store(this.#state, storeWord.up, 0)
    await this.#link.close()
  }

  #schedule(): void {
    if (this.#writing !== undefined || this.#timer !== undefined || !this.#link.isUp) return
    if (this.#queue.size === 0) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#writing ??= this.#writeAll()
      },
      this.#queue.size >= BATCH ? 0 : FLUSH_MS,
    )
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    try {
      do {
        const batch = this.#queue.take(BATCH)
        const lost = await this.use((store) => store.write(batch))
        this.#queue.settle(batch)
        this.#counts.written += batch.length
        this.#counts.lost += lost.length
        for (const pin of lost) this.#onLost(pin)
      } while (this.#queue.size >= BATCH)
    } catch {
      // The link says so, and has the rest written when the store is back.
    } finally {
      this.#writing = undefined
      this.#schedule()
    }
  }

  /** Uses the store for what is no pin. Rejects when it is down, or fails or hangs meanwhile. */
  readonly use: StoreLink['use'] = async (call) => {
    this.#counts.calls++
    try {
      return await this.#link.use(call)
    } catch (error) {
      this.#counts.failedCalls++
      throw error
    }
  }

  /** Another router was first, or has moved or closed the session: its word counts here too. */
  #onLost({ offered, standing }: LostPin): void {
    const { home } = offered
    this.#takeOver(standing, home && this.#parts.replicas.findId(home.service, home.replica))
  }

  #onChange(pin: StoredPin): void {
    this.#counts.announced++
    this.#takeOver(pin)
  }

  /** Puts a record into the pin table. False: it has no pin of this session then. */
  #takeOver({ key, home, epoch, expiresAtMs, deadlineMs }: StoredPin, instead?: number): boolean {
    const { pins, replicas } = this.#parts
    const replica = home === undefined ? noReplica : replicas.findId(home.service, home.replica)
    if (replica === undefined) {
      this.#counts.unknown++
      return false
    }
    const nowMs = Date.now()
    const words = readPinKey(key, this.#words)
    const adopts = pins.adopt(words, replica, epoch, nowMs, expiresAtMs, deadlineMs, instead)
    return adopts || pins.look(words, nowMs)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}

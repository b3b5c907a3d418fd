import { setImmediate } from 'node:timers/promises'
import type { MessagePort } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { StoreStats } from '../observe/metrics.ts'
import { seldom } from '../observe/seldom.ts'
import type { ReplicaNames } from '../replicas/replica-names.ts'
import { noReplica } from '../session/pin-memory.ts'
import type { PinTable } from '../session/pin-table.ts'
import type { LostPin, OpenPinStore, StoredPin } from '../session/store/pin-store.ts'
import { readPinKey } from '../session/store/pin-store.ts'
import { WriteQueue } from '../session/store/write-queue.ts'
import type { JournalAnswer, JournalMessage, PinNote, StoreState } from './journal-messages.ts'
import { StoreLink, TimeoutError } from './store-link.ts'

/** How long records are gathered before they are written. */
const FLUSH_MS = 50
const MOST_A_WRITE = 1000
const WRITE_MS = 2000
/** So many lookups in a row that got no answer in time take the link down. */
const MOST_TIMEOUTS = 3
const SAY_EVERY_MS = 10_000

/** What a keeper is made with. */
export interface KeeperParts {
  readonly open: OpenPinStore
  /** The store's URL without credentials. */
  readonly shown: string
  readonly queue: number
  readonly lookupMs: number
  readonly pins: PinTable
  readonly names: ReplicaNames
  readonly state: StoreState
  readonly log: Logger
}

/**
 * Keeps the pins of all threads in the shared store, from the main thread: writes what they note, in batches and
 * behind their backs; asks for what they do not know; and puts into the pin table what other routers announce.
 * With the store down, threads route on, and what they note waits, within a bound.
 */
export class StoreKeeper {
  readonly #parts: KeeperParts
  readonly #link: StoreLink
  readonly #queue: WriteQueue
  readonly #key = new Uint32Array(4)
  readonly #sayDropped: () => void
  readonly #counts = { written: 0, writes: 0, invalid: 0, announced: 0 }
  readonly #reads = { hit: 0, miss: 0, timeout: 0, error: 0 }
  #timeouts = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #stopped = false

  constructor(parts: KeeperParts) {
    const { log, shown } = parts
    this.#parts = parts
    this.#queue = new WriteQueue(parts.queue)
    this.#sayDropped = seldom(SAY_EVERY_MS, (heldBack) =>
      log.warn(
        { store: shown, heldBack },
        'the queue of the store is full; pins are not written: see store.queue',
      ),
    )
    this.#link = new StoreLink(parts.open, {
      changed: (pin) => this.#onChanged(pin),
      invalid: () => this.#counts.invalid++,
      up: () => {
        log.info({ store: shown, waiting: this.#queue.size }, 'the store is up')
        this.#timeouts = 0
        parts.state.up = true
        this.#scheduleFlush()
      },
      down: (error) => {
        parts.state.up = false
        const fields = { store: shown, reason: error.message }
        log.warn(fields, 'the store is down; routing goes on without it, and what is to be written waits')
      },
    })
  }

  start(): void {
    this.#link.start()
  }

  /** Writes what waits, as far as that goes within `ms`, and closes the store. */
  async stop(ms: number): Promise<void> {
    const endMs = Date.now() + ms
    // What threads sent with their last breath is on its way.
    await setImmediate()
    while (this.#link.isUp && this.#queue.size > 0 && Date.now() < endMs) await this.#flush()
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#parts.state.up = false
    await this.#link.stop()
  }

  stats(): StoreStats {
    const { dropped, size: waiting } = this.#queue
    return { up: this.#link.isUp, waiting, dropped, ...this.#counts, reads: { ...this.#reads } }
  }

  /** Serves one thread's journal. */
  serve(port: MessagePort): void {
    port.on('message', ({ notes, asks }: JournalMessage) => {
      for (const note of notes) this.note(note)
      if (asks.length > 0) void this.#answer(asks, port)
    })
    port.unref()
  }

  /** Queues what a thread, or the operator, did with a session. */
  note({ key, replica, epoch, nowMs, ttlMs, deadlineMs }: PinNote): void {
    const home = replica === noReplica ? undefined : this.#parts.names.nameOf(replica)
    // Its replica was removed while the note was on its way.
    if (home === undefined && replica !== noReplica) return
    const untilMs = ttlMs === 0 ? nowMs : nowMs + storedLifeMs(ttlMs)
    const expiresAtMs = deadlineMs > 0 ? Math.min(untilMs, deadlineMs) : untilMs
    if (!this.#queue.add({ key, home, epoch, expiresAtMs, deadlineMs })) this.#sayDropped()
    if (this.#link.isUp) this.#scheduleFlush()
  }

  #scheduleFlush(): void {
    if (this.#timer !== undefined || this.#stopped || this.#queue.size === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#flush()
    }, FLUSH_MS).unref()
  }

  /** Writes one batch; of calls that overlap, the later wait for the one under way. */
  #flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
      if (this.#link.isUp) this.#scheduleFlush()
    })
    return this.#writing
  }

  async #write(): Promise<void> {
    const batch = this.#queue.take(MOST_A_WRITE)
    if (batch.length === 0) return
    try {
      const lost = await this.#link.call((store) => store.write(batch), WRITE_MS)
      this.#counts.writes++
      this.#counts.written += batch.length
      for (const one of lost) this.#yield(one)
    } catch (error) {
      this.#queue.putBack(batch)
      if (error instanceof TimeoutError) this.#link.fail(error)
    }
  }

  /** Another router was first: its pin counts here too. */
  #yield({ offered, standing }: LostPin): void {
    const { names } = this.#parts
    this.#adopt(standing, offered.home === undefined ? -1 : names.idOf(offered.home))
  }

  #onChanged(pin: StoredPin): void {
    this.#counts.announced++
    this.#adopt(pin)
  }

  /** Puts a record into the pin table; false where it names a replica that is not known here. */
  #adopt({ key, home, epoch, expiresAtMs, deadlineMs }: StoredPin, instead = -1): boolean {
    const { pins, names } = this.#parts
    const replica = home === undefined ? noReplica : names.idOf(home)
    if (replica === -1) return false
    pins.adopt(readPinKey(key, this.#key), replica, epoch, Date.now(), expiresAtMs, deadlineMs, instead)
    return true
  }

  async #answer(asks: JournalMessage['asks'], port: MessagePort): Promise<void> {
    try {
      const keys = asks.map(([, key]) => key)
      const found = await this.#link.call((store) => store.read(keys), this.#parts.lookupMs)
      this.#timeouts = 0
      for (const pin of found) this.#reads[pin !== undefined && this.#adopt(pin) ? 'hit' : 'miss']++
    } catch (error) {
      const isLate = error instanceof TimeoutError
      this.#reads[isLate ? 'timeout' : 'error'] += asks.length
      if (isLate && ++this.#timeouts >= MOST_TIMEOUTS) this.#link.fail(error)
    }
    port.postMessage(asks.map(([id]) => id) satisfies JournalAnswer)
  }
}

/**
 * How long a record is good for in the store: longer than the pin without use, since uses are told to the store
 * but once in a while (`store-refresh.ts`).
 */
export function storedLifeMs(ttlMs: number): number {
  return ttlMs + Math.ceil(ttlMs / 4) + 60_000
}

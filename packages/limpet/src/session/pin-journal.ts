import { noReplica } from './pin-memory.ts'
import type { PinTable } from './pin-table.ts'
import { storeWord } from './store-state.ts'
import { storedExpiry, ttlOf } from './stored-expiry.ts'

/** What a note consists of, as numbers: the four words of the key, and the record. */
export const noteField = {
  key: 0,
  /** The replica's id, or `noReplica` for a session that was closed. */
  replica: 4,
  epoch: 5,
  /** 0: the record is withdrawn. */
  expiresAtMs: 6,
  deadlineMs: 7,
} as const
export const noteFields = 8

/** Where a journal's notes and questions go: to whoever keeps the store, on the main thread. */
export interface JournalPort {
  /** `noteFields` numbers for each note. The array is the receiver's. */
  notes(notes: Float64Array): void
  /** Four words for each key. `answer` is called at most once, with 1 for each key that the pin table now knows. */
  lookup(keys: Uint32Array, answer: (found: Uint8Array) => void): void
}

/** A question that is under way. */
export interface Lookup {
  /** The answer is not wanted any more: its callback won't be called. */
  cancel(): void
}

interface Waiter {
  done: ((found: boolean) => void) | undefined
}

interface Batch {
  readonly keys: number[]
  readonly waiters: Waiter[]
  timer: NodeJS.Timeout | undefined
}

const MOST_NOTES = 256
const FLUSH_MS = 20
/**
 * From one question to the next; whatever is asked meanwhile goes out together. A question costs some 200 µs of CPU,
 * nearly all of it for waking the main thread and being woken. With 1,000 new sessions a second on one core, asking
 * in each turn of the event loop took 10 to 13 % of it, every 5 ms 5 to 9 %, every 10 ms 4 to 6 %.
 */
const ASK_EVERY_MS = 10
/** Lookups under way at a time. A flood of new sessions is placed without asking rather than kept waiting. */
const MOST_LOOKUPS = 4096

/**
 * One thread's line to the store of pins: takes down what happened to pins of this thread's requests, and asks for
 * keys that the table does not know. Neither does I/O; both go out in batches.
 */
export class PinJournal {
  readonly #pins: PinTable
  readonly #state: Int32Array
  readonly #port: JournalPort
  readonly #lookupTimeoutMs: number
  readonly #notes = new Float64Array(MOST_NOTES * noteFields)
  #noteCount = 0
  #flushTimer: NodeJS.Timeout | undefined
  #asking: Batch | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  #pending = 0

  /** `pins` is a table of the journal's own over the shared memory; `state` is that of `createStoreState`. */
  constructor(pins: PinTable, state: SharedArrayBuffer, port: JournalPort, lookupTimeoutMs: number) {
    this.#pins = pins
    this.#state = new Int32Array(state)
    this.#port = port
    this.#lookupTimeoutMs = lookupTimeoutMs
  }

  /**
   * Call it when a session's pin was inserted, moved, closed or replaced: the store is told what the table holds
   * now. Not for mere uses, which the store hears of by itself. Nothing happens when the table holds no live pin.
   */
  note(key: Uint32Array, nowMs: number): void {
    const pins = this.#pins
    if (!pins.look(key, nowMs)) return
    const { replica, epoch, usedAtMs, expiresAtMs, deadlineMs } = pins
    // A closing ends when it was said to; a pin's time slides.
    const untilMs =
      replica === noReplica ? expiresAtMs : storedExpiry(nowMs, ttlOf(usedAtMs, expiresAtMs), deadlineMs)
    this.#write(key, replica, epoch, untilMs, deadlineMs)
  }

  /** Call it when a session's pin was removed, with what it named: the store forgets it if it still says the same. */
  forget(key: Uint32Array, replica: number, epoch: number): void {
    this.#write(key, replica, epoch, 0, 0)
  }

  /**
   * Asks the store for a session that the table does not know. `done` is called once, later and within the timeout
   * of lookups: when `found`, the table now holds the session's pin (or its closing), else place the session.
   * Undefined: the store can't be asked now, and `done` won't be called. `key` is read before this returns.
   */
  lookup(key: Uint32Array, done: (found: boolean) => void): Lookup | undefined {
    if (Atomics.load(this.#state, storeWord.up) === 0 || this.#pending >= MOST_LOOKUPS) {
      Atomics.add(this.#state, storeWord.skipped, 1)
      return undefined
    }
    this.#pending++
    this.#asking ??= this.#nextBatch()
    const batch = this.#asking
    batch.keys.push(key[0]!, key[1]!, key[2]!, key[3]!)
    const waiter: Waiter = { done }
    batch.waiters.push(waiter)
    return {
      cancel: () => {
        waiter.done = undefined
      },
    }
  }

  /** Hands on the notes that wait. Call it before the thread ends. */
  flush(): void {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    if (this.#noteCount === 0) return
    const notes = this.#notes.slice(0, this.#noteCount * noteFields)
    this.#noteCount = 0
    this.#port.notes(notes)
  }

  #write(key: Uint32Array, replica: number, epoch: number, expiresAtMs: number, deadlineMs: number): void {
    const at = this.#noteCount++ * noteFields
    for (let word = 0; word < 4; word++) this.#notes[at + noteField.key + word] = key[word]!
    this.#notes[at + noteField.replica] = replica
    this.#notes[at + noteField.epoch] = epoch
    this.#notes[at + noteField.expiresAtMs] = expiresAtMs
    this.#notes[at + noteField.deadlineMs] = deadlineMs
    if (this.#noteCount === MOST_NOTES) this.flush()
    else this.#flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  /** The first question goes out at the end of the turn, so that few new sessions do not wait for more. */
  #nextBatch(): Batch {
    const batch: Batch = { keys: [], waiters: [], timer: undefined }
    const pauseMs = this.#askedMs + ASK_EVERY_MS - performance.now()
    if (pauseMs <= 0) setImmediate(() => this.#ask(batch))
    else setTimeout(() => this.#ask(batch), pauseMs)
    return batch
  }

  #ask(batch: Batch): void {
    this.#asking = undefined
    this.#askedMs = performance.now()
    batch.timer = setTimeout(() => this.#settle(batch, undefined), this.#lookupTimeoutMs)
    this.#port.lookup(Uint32Array.from(batch.keys), (found) => this.#settle(batch, found))
  }

  #settle(batch: Batch, found: Uint8Array | undefined): void {
    if (batch.waiters.length === 0) return
    clearTimeout(batch.timer)
    const waiters = batch.waiters.splice(0)
    this.#pending -= waiters.length
    if (found === undefined) Atomics.add(this.#state, storeWord.timedOut, waiters.length)
    for (const [index, { done }] of waiters.entries()) done?.(found?.[index] === 1)
  }
}

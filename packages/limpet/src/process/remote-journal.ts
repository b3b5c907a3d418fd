import type { MessagePort } from 'node:worker_threads'
import type { Lookup, PinJournal } from '../session/pin-journal.ts'
import { pinKey } from '../session/store/pin-store.ts'
import type { JournalAnswer, JournalMessage, PinNote, StoreState } from './journal-messages.ts'

/** How long notes are gathered: they are behind the hot path, and a message costs more than what is in it. */
const NOTES_MS = 20
const MOST_NOTES = 500
/**
 * Lookups go out at once, unless others went out so shortly before: then they are gathered for the rest of this
 * time. A message each way for each of 1,000 new sessions a second would cost as much as the requests themselves.
 */
const ASK_EVERY_MS = 10
/** The keeper answers within its own bound; this is for a main thread that does not come to it. */
const GRACE_MS = 250

/** A thread's journal, kept by the main thread. */
export class RemoteJournal implements PinJournal {
  readonly #port: MessagePort
  readonly #state: StoreState
  readonly #lookupMs: number
  readonly #waiting = new Map<number, () => void>()
  #notes: PinNote[] = []
  #asks: [id: number, key: string][] = []
  #nextId = 0
  #timer: NodeJS.Timeout | undefined
  #askedMs = 0

  constructor(port: MessagePort, state: StoreState, lookupMs: number) {
    this.#port = port
    this.#state = state
    this.#lookupMs = lookupMs
    port.on('message', (ids: JournalAnswer) => {
      for (const id of ids) this.#answer(id)
    })
    port.unref()
  }

  note(
    key: Uint32Array,
    replica: number,
    epoch: number,
    nowMs: number,
    ttlMs: number,
    deadlineMs: number,
  ): void {
    this.#notes.push({ key: pinKey(key), replica, epoch, nowMs, ttlMs, deadlineMs })
    if (this.#notes.length >= MOST_NOTES) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), NOTES_MS).unref()
  }

  lookup(key: Uint32Array, onAnswer: () => void): Lookup {
    if (!this.#state.up) {
      onAnswer()
      return { cancel: () => undefined }
    }
    const id = this.#nextId++
    this.#waiting.set(id, onAnswer)
    if (this.#asks.push([id, pinKey(key)]) === 1) this.#scheduleAsk()
    return { cancel: () => void this.#waiting.delete(id) }
  }

  #scheduleAsk(): void {
    const waitMs = this.#askedMs + ASK_EVERY_MS - performance.now()
    if (waitMs > 0) setTimeout(() => this.#ask(), waitMs)
    // All that this turn of the event loop asks for goes out together.
    else setImmediate(() => this.#ask())
  }

  #ask(): void {
    this.#askedMs = performance.now()
    const ids = this.#asks.map(([id]) => id)
    const late = (): void => {
      for (const id of ids) this.#answer(id)
    }
    setTimeout(late, this.#lookupMs + GRACE_MS).unref()
    const asks = this.#asks
    this.#asks = []
    this.#send(asks)
  }

  flush(): void {
    if (this.#notes.length > 0) this.#send([])
  }

  #send(asks: JournalMessage['asks']): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#port.postMessage({ notes: this.#notes, asks } satisfies JournalMessage)
    this.#notes = []
  }

  #answer(id: number): void {
    const onAnswer = this.#waiting.get(id)
    this.#waiting.delete(id)
    onAnswer?.()
  }
}

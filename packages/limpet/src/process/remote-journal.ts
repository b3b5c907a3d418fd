import type { MessagePort } from 'node:worker_threads'
import type { Lookup, PinJournal } from '../session/pin-journal.ts'
import { pinKey } from '../session/store/pin-store.ts'
import type { JournalAnswer, JournalMessage, PinNote, StoreState } from './journal-messages.ts'

/** How long notes are gathered: they are behind the hot path, and a message costs more than what is in it. */
const NOTES_MS = 20
const MOST_NOTES = 500
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
    // All that this turn of the event loop asks for goes out together.
    if (this.#asks.length === 0) setImmediate(() => this.#ask())
    this.#asks.push([id, pinKey(key)])
    return { cancel: () => void this.#waiting.delete(id) }
  }

  #ask(): void {
    const ids = this.#asks.map(([id]) => id)
    const late = (): void => {
      for (const id of ids) this.#answer(id)
    }
    setTimeout(late, this.#lookupMs + GRACE_MS).unref()
    this.flush()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#port.postMessage({ notes: this.#notes, asks: this.#asks } satisfies JournalMessage)
    this.#notes = []
    this.#asks = []
  }

  #answer(id: number): void {
    const onAnswer = this.#waiting.get(id)
    this.#waiting.delete(id)
    onAnswer?.()
  }
}

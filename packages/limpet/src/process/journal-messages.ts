/** What a thread has to tell the keeper of the store about one session. */
export interface PinNote {
  /** Of `pinKey`. */
  readonly key: string
  /** An id, or `noReplica` for a session that was closed. */
  readonly replica: number
  readonly epoch: number
  readonly nowMs: number
  /** 0: take it back. */
  readonly ttlMs: number
  readonly deadlineMs: number
}

/** A thread's message to the keeper. */
export interface JournalMessage {
  readonly notes: readonly PinNote[]
  /** Keys that the thread asks for, by numbers of its own. */
  readonly asks: readonly (readonly [id: number, key: string])[]
}

/** The numbers that were answered. */
export type JournalAnswer = readonly number[]

/** Shared with all threads: whether the store can be asked. */
export class StoreState {
  readonly #up: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#up = new Int32Array(memory)
  }

  get up(): boolean {
    return Atomics.load(this.#up, 0) === 1
  }

  set up(up: boolean) {
    Atomics.store(this.#up, 0, up ? 1 : 0)
  }
}

/**
 * What routers share of their pins. A record is known by its session's 128-bit keyed hash, which covers the
 * service; neither the id of a session nor the address of a replica is ever stored.
 */
export interface StoredPin {
  /** Of `pinKey`. */
  readonly key: string
  /** Where the session lives, by names that all routers know; undefined: the session was closed. */
  readonly home: PinHome | undefined
  /** 0 to 65535; grows by one with each re-homing. */
  readonly epoch: number
  /** By the wall clock; a record that is over counts as absent, and one that is offered takes its equal away. */
  readonly expiresAtMs: number
  /** The session ends then, however it is used; 0: no such bound. */
  readonly deadlineMs: number
}

export interface PinHome {
  readonly service: string
  readonly replica: string
}

/** A text that routers share about a session, besides its pin. */
export interface StoredNote {
  /** Of `pinKey`. */
  readonly key: string
  /** A note gives way to one of a higher version, and to one of its own version and owner. */
  readonly version: number
  /** Who wrote this version first: lower-case hex digits. */
  readonly owner: string
  readonly text: string
  /** By the wall clock; one that is over takes away what stands under its key, whatever its version. */
  readonly expiresAtMs: number
}

/** A record that was offered to a store and did not come to stand, and what stands in its place. */
export interface LostPin {
  readonly offered: StoredPin
  readonly standing: StoredPin
}

/**
 * An open store. Which of two records of a key stands is `precedence`'s rule, in every store. Any call may reject,
 * or never settle where a server hangs: whoever uses it sets bounds, and closes it when it has failed.
 */
export interface PinStore {
  /** Offers records, each key at most once, all or some of them durable when it rejects. Resolves to those that lost. */
  write(pins: readonly StoredPin[]): Promise<readonly LostPin[]>
  /** The record of each key, in their order; undefined: there is none that is valid. */
  read(keys: readonly string[]): Promise<readonly (StoredPin | undefined)[]>
  /**
   * Offers notes, each key at most once, all or some of them durable when it rejects. Resolves, in their order, to the
   * texts that stand in their place; undefined where the note itself does.
   */
  writeNotes(notes: readonly StoredNote[]): Promise<readonly (string | undefined)[]>
  /** The text of a note; undefined: there is none that is valid. */
  readNote(key: string): Promise<string | undefined>
  /** Rejects when the store can't be reached. */
  check(): Promise<void>
  /** Ends calls under way, which then reject. Never rejects. */
  close(): Promise<void>
}

/** What a store tells by itself. */
export interface PinStoreEvents {
  /** Another router re-homed a session or closed it. First placements are not announced. */
  changed(pin: StoredPin): void
  /** What the store held under one of Limpet's keys is no record; it counts as absent. */
  invalid(): void
  /** The store was open and is lost; close it. Called once at most. */
  failed(error: Error): void
}

/** Opens a store. Rejects when it can't be reached, or `signal` aborts before it was; nothing is left open then. */
export type OpenPinStore = (events: PinStoreEvents, signal: AbortSignal) => Promise<PinStore>

/** Whether the other routers are told of a record that came to stand: of all but first placements. */
export function isAnnounced({ home, epoch }: StoredPin): boolean {
  return home === undefined || epoch > 0
}

/** The key of a session's record: its hash as 32 hex digits, with word 2 as the pin table keeps it. */
export function pinKey(hash: ArrayLike<number>, at = 0): string {
  // The table keeps a word 2 of 0 as 1, and a scan of it must lead to the same record.
  return hex(hash[at]!) + hex(hash[at + 1]!) + hex(hash[at + 2]! || 1) + hex(hash[at + 3]!)
}

/** The four words that a key was made of, put into `words`. */
export function readPinKey(key: string, words: Uint32Array): Uint32Array {
  for (let word = 0; word < 4; word++) words[word] = Number.parseInt(key.slice(word * 8, word * 8 + 8), 16)
  return words
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

import type { Readable } from 'node:stream'

/** What a store knows of a session, apart from its values. Times are milliseconds since 1970. */
export interface SessionRecord {
  readonly id: string
  /** Grows with each move to another replica; a writer with a lower one is refused. */
  readonly epoch: number
  /** The end of its life, as announced when it was created. */
  readonly expiresAtMs: number
  /** Present when the session also ends after so long without a request; then `usedAtMs` is present, too. */
  readonly idleMs?: number
  readonly usedAtMs?: number
}

/** How a value was put: as JSON text, or as bytes without a meaning to the store. */
export type ValueKind = 'json' | 'bytes'

export interface StoredEntry {
  readonly key: string
  readonly kind: ValueKind
  readonly bytes: number
}

/** A value that is being read. Whoever has asked for it reads `content` to its end or destroys it. */
export interface StoredValue {
  readonly kind: ValueKind
  /** Of the whole value, wherever `content` begins. */
  readonly bytes: number
  readonly content: Readable
}

export interface NewValue {
  readonly key: string
  readonly kind: ValueKind
  readonly content: AsyncIterable<Uint8Array>
}

/**
 * Where sessions are kept. A store has no clock and ends nothing by itself (a shared one may let what has expired
 * vanish): its caller checks `endOf(record)`.
 *
 * Methods that change a session take the caller's epoch. They throw `StaleEpochError`, and change nothing, when the
 * stored one is higher at the moment of the change; `SessionNotFoundError` when the session is not there; `StoreError`
 * or `NoSpaceError` when the store fails. Ids come from `isSessionId`, keys from `checkKey`.
 */
export interface SessionStore {
  create(record: SessionRecord): Promise<void>
  /** The record with its epoch raised to `epoch`; undefined when there is no such session. */
  open(id: string, epoch: number): Promise<SessionRecord | undefined>
  /**
   * Makes the caller the session's only writer: raises the epoch above every earlier one, and to at least `floor`. No
   * two callers get the same epoch. Undefined when there is no such session; `StaleEpochError` when another claim has
   * overtaken this one.
   */
  claim(id: string, floor: number): Promise<SessionRecord | undefined>
  /** The record as it is; undefined when there is no such session. */
  look(id: string): Promise<SessionRecord | undefined>
  /** Moves `usedAtMs` of a session that has an `idleMs`. */
  touch(record: SessionRecord, usedAtMs: number): Promise<void>
  /** Replaces a value in one step, once all of its content is stored. Resolves to the bytes of the session then. */
  write(id: string, epoch: number, value: NewValue): Promise<number>
  /** `content` begins at the byte `from`, by default the first; it is empty where that is behind the last one. */
  read(id: string, key: string, from?: number): Promise<StoredValue | undefined>
  /** Whether there was such a value. */
  remove(id: string, epoch: number, key: string): Promise<boolean>
  /** All values, in no order; none for a session that is not there. */
  list(id: string): Promise<StoredEntry[]>
  /** Removes the session with all values; false when it is not there. */
  destroy(id: string, epoch: number): Promise<boolean>
  /** The sessions that a sweep of this store should look at besides those its caller knows. */
  ids(): Promise<string[]>
  close(): Promise<void>
}

/** When the session ends if no request comes, in milliseconds since 1970. */
export function endOf({ expiresAtMs, idleMs, usedAtMs }: SessionRecord): number {
  return idleMs === undefined ? expiresAtMs : Math.min(expiresAtMs, (usedAtMs ?? 0) + idleMs)
}

/** The bytes of all entries. */
export function bytesOf(entries: readonly StoredEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** A lookup under way. */
export interface Lookup {
  /** What asked has gone. */
  cancel(): void
}

/** One thread's way to the store that routers share. All of it is behind the hot path; nothing here waits. */
export interface PinJournal {
  /**
   * Tells the store that the session `key` lives on `replica` (an id, or `noReplica` where it was closed) since
   * `nowMs`, for `ttlMs` after its last use and until `deadlineMs` (0: no such bound). A `ttlMs` of 0 takes back
   * what was told. Neither `key` is kept.
   */
  note(
    key: Uint32Array,
    replica: number,
    epoch: number,
    nowMs: number,
    ttlMs: number,
    deadlineMs: number,
  ): void
  /**
   * Asks the store for a session that the pin table does not know. What it knows is in the table when `onAnswer`
   * is called, once, within a short time: at once where the store is known to be down.
   */
  lookup(key: Uint32Array, onAnswer: () => void): Lookup
  /** Hands on what was noted; for a thread that ends. */
  flush(): void
}

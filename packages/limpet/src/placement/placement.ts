/**
 * Placement: which replica a new session or an unpinned request goes to, and in what order to try the others.
 * Nothing here does I/O, knows what is healthy or retries; it orders candidates and the caller does the rest.
 */

/** One replica as placement sees it. */
export interface PlacementReplica {
  /** The stable name, the same on every router; no two replicas of a view share one. */
  readonly name: string
  /** `seedOf(name)`: two words. Kept with the replica because hashing the name per request would cost too much. */
  readonly seed: Uint32Array
  /** The share it takes relative to the others: finite, may be fractional. 0 takes nothing new. */
  readonly weight: number
}

/** Sums over the replicas that can take something new: available and with a weight above 0. */
export interface PlacementTotals {
  weight(): number
  inFlight(): number
  sessions(): number
}

/**
 * The replicas of one service; the caller owns health and load. An index is a position in `replicas`.
 * Policies cache what they derive from the list, so it is never changed in place: a replica that joins,
 * leaves or changes its weight makes a new array. Availability and load may change at any moment.
 */
export interface PlacementView {
  readonly replicas: readonly PlacementReplica[]
  /** May a new session or request go there now (ready and not ejected)? */
  available(index: number): boolean
  /** Requests that the replica is working on now. */
  inFlight(index: number): number
  /** Sessions that live there now. */
  sessions(index: number): number
  /** Set it if the sums are at hand; otherwise a load bound adds them up when it needs them. */
  readonly totals?: PlacementTotals
}

/**
 * An iterator of candidates. A policy object holds the walk in hand, so it belongs to one thread, and a walk
 * ends where another starts: to retry after an `await`, start again and skip what was tried.
 * A walk gives no index twice, only available ones of a weight above 0, and all of those that stay available.
 */
export interface PlacementPolicy {
  /**
   * Begins a walk. `key` is the session's 128-bit identity as four words, read before `start` returns, or
   * `undefined` for a request without a session, which no policy treats as one constant key.
   */
  start(key: Uint32Array | undefined, view: PlacementView): void
  /** The next candidate's index into `view.replicas`, or -1 when there is none. */
  next(): number
}

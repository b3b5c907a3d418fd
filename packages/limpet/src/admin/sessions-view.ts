/** A session as the admin listener shows it; also its JSON form there. */
export interface SessionEntry {
  /** 32 lower-case hexadecimal digits: the keyed hash of service and session key. Tells nothing of the key. */
  readonly hash: string
  /** Null where its replica is none of the config's, which would tell the service. */
  readonly service: string | null
  /** The name of the replica it lives on; null where that is none of the config's, or the session is closed. */
  readonly replica: string | null
  /** Whether it was ended before its time, and is only remembered as such. */
  readonly closed: boolean
  /** How many times it was moved to another replica. */
  readonly epoch: number
  /** Since its last request. */
  readonly idleMs: number
  /** Until it is forgotten, if no request comes. */
  readonly expiresInMs: number
}

/** Which sessions to list; what is absent does not matter. */
export interface SessionFilter {
  readonly service?: string
  readonly replica?: string
  /** Only sessions without a request for at least so long. */
  readonly minIdleMs?: number
  /** How many to return at most; at least 1. */
  readonly limit: number
}

/** Some of the sessions that match, in no order; also the JSON form of a list. */
export interface SessionPage {
  readonly sessions: readonly SessionEntry[]
  /** How many match. */
  readonly total: number
  /** Whether `sessions` are not all of those. */
  readonly truncated: boolean
}

/** The sessions that a router knows, for its operator. */
export interface SessionsView {
  /** The services of the config in force. */
  serviceNames(): readonly string[]
  /** The hash of the session that clients of `service`, one of `serviceNames`, call `id`. */
  hashOf(service: string, id: string): string
  list(filter: SessionFilter): Promise<SessionPage>
  /** Undefined where no session has this hash. */
  find(hash: string): Promise<SessionEntry | undefined>
  /**
   * Ends a session: its next request is refused or begins another, as its dialect has it. Resolves to what `find`
   * told before; undefined where no session has this hash.
   */
  close(hash: string): Promise<SessionEntry | undefined>
}

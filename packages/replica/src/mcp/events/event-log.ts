/** How much is kept of the events of one session, so that a client that lost its connection can catch up. */
export interface EventLimits {
  readonly events: number
  /** Bytes of all messages. A message that is longer alone is delivered, and not kept. */
  readonly bytes: number
  readonly ageMs: number
}

export const defaultEventLimits: EventLimits = { events: 1000, bytes: 4 * 1024 * 1024, ageMs: 600_000 }

export interface LoggedEvent {
  /** Grows within a session: two whole numbers with a dash between them. */
  readonly position: string
  /** The JSON text of the message. */
  readonly text: string
}

/**
 * The events of sessions, in order, bounded by `EventLimits`: the oldest go first. Every method throws `StoreError`
 * when the store fails.
 */
export interface EventLog {
  /**
   * Keeps an event of a stream and gives its position.
   * @throws {StaleEpochError | SessionNotFoundError | NoSpaceError} as `SessionStore` does for changes
   */
  append(id: string, epoch: number, streamId: string, text: string): Promise<string>
  /** The position of the last event of any stream; `beginning` when there is none. */
  last(id: string): Promise<string>
  /** The events of a stream that came after `position`. */
  after(id: string, streamId: string, position: string): Promise<LoggedEvent[]>
  /** Forgets all events of a session that has ended. */
  drop(id: string): Promise<void>
}

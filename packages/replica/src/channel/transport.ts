/** A message as the store has it. */
export interface Entry {
  readonly position: string
  /** The position of the topic's message before it, kept or not; `beginning` where the store knows of none. */
  readonly previous: string
  readonly id: string
  /** JSON. */
  readonly text: string
}

/** What a store has of a topic behind a position. */
export interface Reading {
  /** In order. */
  readonly entries: readonly Entry[]
  /** The position of the topic's last message, kept or not; `beginning` where the store knows of none. */
  readonly last: string
  /** Whether there is more behind these. */
  readonly more: boolean
}

/** Told by a transport. */
export interface TransportEvents {
  /** A message of a topic that is listened to. */
  onEntry(topic: string, entry: Entry): void
  /** The connection is back, and entries of all topics that are listened to come again; some may have been missed. */
  onBack(): void
}

/**
 * The way to a store of topics. Connects again by itself when its connection is lost; calls fail meanwhile, at once
 * or in time.
 */
export interface Transport {
  /**
   * Resolves to the position of the message. Rejects with `ChannelError` where it is worth to be tried again, with
   * another error where it is not.
   */
  publish(topic: string, id: string, text: string): Promise<string>
  /** Has entries of a topic come. Resolves when they do; where it rejects, they do after the next `onBack`. */
  listen(topic: string): Promise<void>
  unlisten(topic: string): void
  /** Reads what is kept behind `after`; without it, nothing but the last position. */
  read(topic: string, after: string | undefined): Promise<Reading>
  close(): Promise<void>
}

/** A message as a subscriber gets it. */
export interface ChannelMessage {
  /** The publisher's name for it, the same each time that it is delivered: repeats can be told by it. */
  readonly id: string
  /** Where to go on: what came after it is had by `subscribe(topic, { after: position })`, at any replica. */
  readonly position: string
  readonly data: unknown
  /** Whether messages before it may have been missed: they were not kept long enough, or the store was lost. */
  readonly gap: boolean
}

/** A message that was published. */
export type Published = Pick<ChannelMessage, 'id' | 'position'>

/** How much of a topic is kept for subscribers that were away; the oldest messages go first. */
export interface Retention {
  readonly messages: number
  /** Of all messages, as JSON. */
  readonly bytes: number
  readonly ageMs: number
}

/** The messages of a topic, one after the other. Ends with `close`, with its signal and with its channel. */
export interface Subscription extends AsyncIterable<ChannelMessage> {
  /** Resolves once everything that is published from now on will be delivered; rejects when it ends before that. */
  readonly ready: Promise<void>
  close(): void
}

/**
 * Topics that replicas publish to and subscribe to. What is published is delivered to each subscriber at least
 * once as long as it is kept (`Retention`), in the order in which the store took it, repeats dropped as far as a
 * subscription can know them. A subscriber that misses something is told (`gap`).
 */
export interface Channel {
  /**
   * Resolves when the message is kept. It is tried again while it is unknown whether it was.
   * @throws {TopicError} for what can't be a topic: 1 to 200 characters, no spaces or control characters
   * @throws {MessageTooLargeError} above 256 KiB as JSON
   * @throws {BadValueError} for what JSON can't hold
   * @throws {ChannelError} when the store does not take it in time
   */
  publish(topic: string, data: unknown): Promise<Published>
  /**
   * Subscribes, and stays subscribed while connections come and go. `after`: a message's position, to go on behind
   * it, or '0-0' for all that is kept; by default what is published from now on.
   * @throws {TopicError} for what can't be a topic, or a position
   */
  subscribe(topic: string, options?: { after?: string | undefined; signal?: AbortSignal }): Subscription
  /** Ends all subscriptions, and the connection. */
  close(): Promise<void>
}

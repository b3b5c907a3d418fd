import { setTimeout as wait } from 'node:timers/promises'
import { ChannelError } from '../errors.ts'
import { beginning, comparePositions } from '../position.ts'
import type { ChannelMessage, Subscription } from './channel.ts'
import type { Entry, Transport } from './transport.ts'

/** What may wait for a consumer; what comes then stays in the store and is read when there is room. */
const MOST_WAITING = 500
/** How many ids of delivered messages are remembered, to drop repeats. */
const MOST_IDS = 256
const RETRY_MS = 250

/**
 * One subscription. It knows how far it is, so whatever comes, late, twice or not at all, can be put right by
 * reading the topic behind that position: live entries are a short cut.
 */
export class TopicSubscription implements Subscription {
  readonly topic: string
  readonly ready: Promise<void>
  readonly #transport: Transport
  readonly #onEnd: () => void
  readonly #end = new AbortController()
  readonly #waiting: ChannelMessage[] = []
  readonly #ids = new Set<string>()
  /** The position of the last message that was taken in; undefined: not known yet. */
  #last: string | undefined
  #gap = false
  #reading: Promise<void> | undefined
  /** Something has happened that the reading under way may have missed. */
  #again = false
  #onMessage: (() => void) | undefined

  /** Is to be told of everything that happens from now on; `onEnd` is called once. */
  constructor(topic: string, after: string | undefined, transport: Transport, onEnd: () => void) {
    this.topic = topic
    this.#last = after
    this.#transport = transport
    this.#onEnd = onEnd
    this.ready = this.#readOn(true).then(() => {
      if (this.#end.signal.aborted) throw new ChannelError('The subscription has ended.')
    })
    // Who does not wait for it need not hear of it.
    this.ready.catch(() => undefined)
  }

  /** An entry has come. */
  onEntry(entry: Entry): void {
    if (this.#reading !== undefined || this.#last === undefined) this.#again = true
    else if (this.#isFull || comparePositions(entry.previous, this.#last) > 0) this.catchUp()
    else this.#take(entry, false)
  }

  /** Entries may have been missed. */
  catchUp(): void {
    this.#again = true
    if (!this.#isFull) void this.#readOn(false)
  }

  close(): void {
    if (this.#end.signal.aborted) return
    this.#end.abort()
    this.#waiting.length = 0
    this.#onMessage?.()
    this.#onEnd()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChannelMessage> {
    try {
      while (!this.#end.signal.aborted) {
        const message = this.#waiting.shift()
        if (message === undefined) await this.#nextMessage()
        else {
          // Half empty, so that a slow consumer does not cost a reading for each message.
          if (this.#again && this.#waiting.length < MOST_WAITING / 2) this.catchUp()
          yield message
        }
      }
    } finally {
      this.close()
    }
  }

  #nextMessage(): Promise<void> {
    if (this.#again) this.catchUp()
    return new Promise((resolve) => {
      this.#onMessage = resolve
    })
  }

  get #isFull(): boolean {
    return this.#waiting.length >= MOST_WAITING
  }

  /** Reads until there is nothing left, or no room; goes on through failures until it has, or has ended. */
  #readOn(listens: boolean): Promise<void> {
    this.#reading ??= this.#read(listens).finally(() => {
      this.#reading = undefined
      if (this.#again && !this.#end.signal.aborted) this.catchUp()
    })
    return this.#reading
  }

  async #read(listens: boolean): Promise<void> {
    const { signal } = this.#end
    let isListening = !listens
    while (!signal.aborted) {
      try {
        if (!isListening) await this.#transport.listen(this.topic)
        isListening = true
        this.#again = false
        const reading = await this.#transport.read(this.topic, this.#last)
        if (signal.aborted) return
        for (const entry of reading.entries) this.#take(entry, true)
        this.#seeLast(reading.last, reading.more)
        this.#again ||= reading.more
        if (!this.#again || this.#isFull) return
      } catch {
        // The connection is lost; how often is asked again does not depend on how soon it is back.
        await wait(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** What the store says of the topic's end, when all that it has was taken in. */
  #seeLast(last: string, more: boolean): void {
    if (this.#last === undefined) this.#last = last
    if (more || this.#last === last || this.#last === beginning) return
    // It has lost what it knew, or messages that were published meanwhile and are not kept any more.
    if (last === beginning || comparePositions(last, this.#last) > 0) this.#gap = true
    if (last !== beginning) this.#last = last
  }

  /** `isRead`: as a part of all that the store has, and not by itself while it was listened to. */
  #take({ position, previous, id, text }: Entry, isRead: boolean): void {
    const last = this.#last ?? beginning
    if (comparePositions(position, last) <= 0) return
    const isAnew = isRead && previous === beginning && last !== beginning
    if (isAnew || comparePositions(previous, last) > 0) this.#gap = true
    this.#last = position
    if (this.#ids.has(id)) return
    this.#ids.add(id)
    if (this.#ids.size > MOST_IDS) this.#ids.delete(this.#ids.values().next().value as string)
    const data = parse(text)
    // Somebody else has written to the store. Skipped, as it would stop the topic for good, and told.
    if (data === undefined) {
      this.#gap = true
      return
    }
    this.#waiting.push({ id, position, data, gap: this.#gap })
    this.#gap = false
    this.#onMessage?.()
    this.#onMessage = undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

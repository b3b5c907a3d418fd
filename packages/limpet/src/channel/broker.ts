import { beginning, Positions, type TopicLimits, TopicLog, type WireEntry } from './topic-log.ts'

/** What a broker may hold. */
export interface BrokerLimits extends TopicLimits {
  /** Topics that nobody listens to. */
  readonly topics: number
  /** Topics that are listened to, each as often as it is. */
  readonly listens: number
  /** Of all topics together. */
  readonly allBytes: number
  readonly messageBytes: number
  readonly connections: number
}

export const brokerLimits: BrokerLimits = {
  messages: 1000,
  bytes: 1024 * 1024,
  ageMs: 600_000,
  topics: 100_000,
  listens: 100_000,
  allBytes: 64 * 1024 * 1024,
  messageBytes: 256 * 1024,
  connections: 1000,
}

/** Who gets the messages of a topic as they come. */
export interface Listener {
  onEntry(topic: string, entry: WireEntry): void
}

/** How many messages are read at a time. */
const READ_COUNT = 200
const SWEEP_MS = 10_000

interface Topic {
  readonly log: TopicLog
  readonly listeners: Set<Listener>
}

/** What metrics tell of a broker. */
export interface BrokerCounts {
  readonly topics: number
  readonly listens: number
  readonly bytes: number
  readonly published: number
  readonly delivered: number
}

/**
 * Topics in this process's memory, for replicas that share no server of their own. Bounded in every way: of too many
 * topics, and of topics that together hold too much, the one that was quiet the longest is forgotten.
 */
export class Broker {
  readonly #limits: BrokerLimits
  readonly #now: () => number
  readonly #positions = new Positions()
  /** Those that somebody listens to. */
  readonly #heard = new Map<string, Topic>()
  /** The others, in the order in which they were last published to. */
  readonly #quiet = new Map<string, Topic>()
  #bytes = 0
  #listens = 0
  #published = 0
  #delivered = 0
  #sweeper: NodeJS.Timeout | undefined

  constructor(limits: BrokerLimits = brokerLimits, now = Date.now) {
    this.#limits = limits
    this.#now = now
  }

  get counts(): BrokerCounts {
    return {
      topics: this.#heard.size + this.#quiet.size,
      listens: this.#listens,
      bytes: this.#bytes,
      published: this.#published,
      delivered: this.#delivered,
    }
  }

  /** Returns the message's position. */
  publish(name: string, id: string, text: string): string {
    const nowMs = this.#now()
    const topic = this.#topicOf(name)
    if (this.#quiet.delete(name)) this.#quiet.set(name, topic)
    const { log } = topic
    const before = log.bytes
    const entry = log.append(this.#positions.next(nowMs), id, text, nowMs)
    this.#bytes += log.bytes - before
    this.#published++
    this.#delivered += topic.listeners.size
    for (const listener of topic.listeners) listener.onEntry(name, entry)
    this.#makeRoom()
    return entry[0]
  }

  /** False: there are as many listeners as there may be. */
  listen(name: string, listener: Listener): boolean {
    if (this.#listens >= this.#limits.listens) return false
    const topic = this.#topicOf(name)
    if (topic.listeners.has(listener)) return true
    topic.listeners.add(listener)
    this.#listens++
    this.#quiet.delete(name)
    this.#heard.set(name, topic)
    return true
  }

  unlisten(name: string, listener: Listener): void {
    const topic = this.#heard.get(name)
    if (topic?.listeners.delete(listener) !== true) return
    this.#listens--
    if (topic.listeners.size > 0) return
    this.#heard.delete(name)
    if (topic.log.last === beginning) return
    this.#quiet.set(name, topic)
    this.#makeRoom()
  }

  /** What is kept behind `after`, a part at a time; without it, nothing but the last position. */
  read(name: string, after: string | undefined): { entries: WireEntry[]; last: string; more: boolean } {
    const log = (this.#heard.get(name) ?? this.#quiet.get(name))?.log
    const last = log?.last ?? beginning
    if (log === undefined || after === undefined) return { entries: [], last, more: false }
    return { ...log.read(after, READ_COUNT), last }
  }

  stop(): void {
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #topicOf(name: string): Topic {
    const known = this.#heard.get(name) ?? this.#quiet.get(name)
    if (known !== undefined) return known
    const topic = { log: new TopicLog(this.#limits), listeners: new Set<Listener>() }
    this.#quiet.set(name, topic)
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
    return topic
  }

  /** Messages that are too old go; their topics stay, so that nobody takes their end for a loss. */
  #sweep(): void {
    const nowMs = this.#now()
    for (const topics of [this.#heard, this.#quiet])
      for (const { log } of topics.values()) this.#bytes -= log.expire(nowMs)
  }

  #makeRoom(): void {
    const { topics, allBytes } = this.#limits
    for (const [name, { log }] of this.#quiet) {
      if (this.#quiet.size <= topics && this.#bytes <= allBytes) return
      this.#bytes -= log.bytes
      this.#quiet.delete(name)
    }
    // Whoever listens has got what is dropped here, unless it was away.
    for (const { log } of this.#heard.values())
      while (this.#bytes > allBytes && log.size > 0) this.#bytes -= log.dropFirst()
  }
}

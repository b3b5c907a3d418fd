import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { ChannelError } from '../errors.ts'
import type { Channel, Published, Subscription } from './channel.ts'
import { messageText } from './message-text.ts'
import { checkPosition, checkTopic } from './topic.ts'
import { TopicSubscription } from './topic-subscription.ts'
import type { Entry, Transport, TransportEvents } from './transport.ts'

const FIRST_RETRY_MS = 50

/** A channel over any transport: what subscribers are promised is kept here, whatever the store is. */
export class TopicChannel implements Channel, TransportEvents {
  readonly #timeoutMs: number
  readonly #subscriptions = new Map<string, Set<TopicSubscription>>()
  readonly #end = new AbortController()
  #transport: Transport | undefined

  /** `timeoutMs`: how long a message may take to be published. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** To be called once, with a transport that tells this channel. */
  use(transport: Transport): void {
    this.#transport = transport
  }

  async publish(topic: string, data: unknown): Promise<Published> {
    checkTopic(topic)
    const text = messageText(data)
    const id = randomUUID()
    const endMs = performance.now() + this.#timeoutMs
    for (let pauseMs = FIRST_RETRY_MS; ; pauseMs *= 2) {
      try {
        return { id, position: await this.#open().publish(topic, id, text) }
      } catch (error) {
        const isLate = performance.now() + pauseMs > endMs
        if (isLate || this.#end.signal.aborted || !(error instanceof ChannelError)) throw error
        await wait(pauseMs, undefined, { signal: this.#end.signal }).catch(() => undefined)
      }
    }
  }

  subscribe(topic: string, options: { after?: string | undefined; signal?: AbortSignal } = {}): Subscription {
    const { after, signal } = options
    checkTopic(topic)
    if (after !== undefined) checkPosition(after)
    const transport = this.#open()
    const onAbort = (): void => subscription.close()
    const subscription = new TopicSubscription(topic, after, transport, () => {
      signal?.removeEventListener('abort', onAbort)
      const others = this.#subscriptions.get(topic)
      others?.delete(subscription)
      if (others?.size !== 0) return
      this.#subscriptions.delete(topic)
      transport.unlisten(topic)
    })
    const all = this.#subscriptions.get(topic) ?? new Set()
    this.#subscriptions.set(topic, all.add(subscription))
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) subscription.close()
    return subscription
  }

  async close(): Promise<void> {
    this.#end.abort()
    for (const topic of [...this.#subscriptions.values()])
      for (const subscription of [...topic]) subscription.close()
    await this.#transport?.close()
  }

  onEntry(topic: string, entry: Entry): void {
    for (const subscription of this.#subscriptions.get(topic) ?? []) subscription.onEntry(entry)
  }

  onBack(): void {
    for (const topic of this.#subscriptions.values()) for (const subscription of topic) subscription.catchUp()
  }

  #open(): Transport {
    if (this.#end.signal.aborted || this.#transport === undefined)
      throw new ChannelError('The channel has been closed.')
    return this.#transport
  }
}

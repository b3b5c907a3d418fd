import { Counter, Gauge, type Registry } from 'prom-client'
import { addMetric } from './add-metric.ts'

/** What metrics tell of the channel's broker. */
export interface ChannelCounts {
  readonly connections: number
  readonly topics: number
  readonly listens: number
  readonly bytes: number
  readonly published: number
  readonly delivered: number
  readonly refused: Readonly<Record<string, number>>
}

/** Adds what is told of the channel's broker. */
export function addChannelMetrics(registry: Registry, channel: { readonly counts: ChannelCounts }): void {
  const gauge = (name: string, help: string, read: (counts: ChannelCounts) => number): void =>
    addMetric(registry, Gauge, name, help, [], (set) => set({}, read(channel.counts)))
  const counter = (name: string, help: string, read: (counts: ChannelCounts) => number): void =>
    addMetric(registry, Counter, name, help, [], (set) => set({}, read(channel.counts)))
  gauge('limpet_channel_connections', 'Replicas that are connected to the channel.', (of) => of.connections)
  gauge('limpet_channel_topics', 'Topics of the channel that are known.', ({ topics }) => topics)
  gauge('limpet_channel_listens', 'Topics that replicas listen to, each as often.', ({ listens }) => listens)
  gauge('limpet_channel_bytes', 'What is kept of messages, as JSON.', ({ bytes }) => bytes)
  counter('limpet_channel_published_total', 'Messages published.', ({ published }) => published)
  counter('limpet_channel_delivered_total', 'Messages sent to replicas.', ({ delivered }) => delivered)
  const help = 'Connections and requests of replicas that were refused, by why.'
  addMetric(registry, Counter, 'limpet_channel_refused_total', help, ['reason'], (set) => {
    for (const [reason, count] of Object.entries(channel.counts.refused)) set({ reason }, count)
  })
}

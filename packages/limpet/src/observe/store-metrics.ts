import { Counter, Gauge, type Registry } from 'prom-client'
import { addMetric } from './add-metric.ts'

/** What metrics tell of the shared store: whether it can be used, and what was done with it since the start. */
export interface StoreCounts {
  readonly up: boolean
  /** Records that wait to be written. */
  readonly queue: number
  readonly written: number
  /** Of those written, the ones in whose place another router's record stood. */
  readonly lost: number
  readonly dropped: number
  readonly calls: number
  readonly failedCalls: number
  readonly announced: number
  /** Records that name a replica which this router does not know. */
  readonly unknown: number
  readonly invalid: number
  /** Lookups by what came of them: `hit`, `miss`, `timeout`, `error`, `skipped`. */
  readonly reads: Readonly<Record<string, number>>
}

/** Adds what is told of the shared store. */
export function addStoreMetrics(registry: Registry, store: { stats(): StoreCounts }): void {
  const gauge = (name: string, help: string, read: (stats: StoreCounts) => number): void =>
    addMetric(registry, Gauge, name, help, [], (set) => set({}, read(store.stats())))
  const counter = (name: string, help: string, read: (stats: StoreCounts) => number): void =>
    addMetric(registry, Counter, name, help, [], (set) => set({}, read(store.stats())))
  gauge('limpet_store_up', '1 while the shared store can be used.', ({ up }) => Number(up))
  gauge('limpet_store_queue', 'Records that wait to be written.', ({ queue }) => queue)
  counter('limpet_store_writes_total', 'Records written.', ({ written }) => written)
  counter('limpet_store_conflicts_total', 'Records in whose place another stood.', ({ lost }) => lost)
  counter('limpet_store_dropped_total', 'Records that found no room in the queue.', ({ dropped }) => dropped)
  counter('limpet_store_announcements_total', "Other routers' changes.", ({ announced }) => announced)
  const help = {
    reads: 'Sessions that were looked up in the store, by what came of it.',
    calls: 'Calls of the store: a batch of writes or of lookups each.',
    ignored: 'Records that could not be used: unreadable, or of a replica that is unknown here.',
  }
  addMetric(registry, Counter, 'limpet_store_reads_total', help.reads, ['result'], (set) => {
    for (const [result, count] of Object.entries(store.stats().reads)) set({ result }, count)
  })
  addMetric(registry, Counter, 'limpet_store_calls_total', help.calls, ['result'], (set) => {
    const { calls, failedCalls } = store.stats()
    set({ result: 'ok' }, calls - failedCalls)
    set({ result: 'error' }, failedCalls)
  })
  addMetric(registry, Counter, 'limpet_store_ignored_total', help.ignored, ['reason'], (set) => {
    const { invalid, unknown } = store.stats()
    set({ reason: 'invalid' }, invalid)
    set({ reason: 'unknown_replica' }, unknown)
  })
}

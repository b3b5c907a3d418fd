import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { refusalCodes } from '../errors.ts'
import { addMetric, type Labels } from './add-metric.ts'
import { addChannelMetrics, type ChannelCounts } from './channel-metrics.ts'
import {
  type CounterReader,
  decisions,
  durationEdgesMs,
  moveReasons,
  timeoutKinds,
  tunnelEnds,
} from './counters.ts'
import { addProcessMetrics, type ProcessCounts } from './process-metrics.ts'
import { addStoreMetrics, type StoreCounts } from './store-metrics.ts'

/** What metrics are read from. Each scrape asks anew. */
export interface MetricsSource {
  readonly counters: CounterReader
  readonly pins: {
    stats(): { live: number; inserted: number; evictedExpired: number; evictedLive: number; moved: number }
    liveOf(slot: number): number
  }
  readonly board: {
    nowMs: number
    inFlight(slot: number): number
    tunnels(slot: number): number
    allTunnels(): number
    mode(slot: number): string | undefined
    isDown(slot: number): boolean
    isEjected(slot: number): boolean
  }
  readonly fleet: {
    readonly services: readonly {
      readonly config: { readonly name: string }
      readonly index: number
      readonly replicas: readonly { readonly config: { readonly name: string }; readonly slot: number }[]
    }[]
  }
  readonly workers: number
  readonly store?: { stats(): StoreCounts } | undefined
  readonly channel?: { readonly counts: ChannelCounts } | undefined
  /** The processes behind the replicas, where this program runs them. */
  readonly processes?: (() => readonly ProcessCounts[]) | undefined
  /** What is kept to begin sessions anew. */
  readonly records: { readonly counts: RecordCounts }
}

/** What metrics tell of what is kept to begin sessions anew. */
export interface RecordCounts {
  /** Records that are kept now, and their length in characters. */
  readonly kept: number
  readonly length: number
  /** Let go of for want of room, the longest untouched first, or because they were too long. */
  readonly dropped: number
}

/** The text of all metrics, in the Prometheus exposition format. */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

const statusClassNames = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx']

/** All metrics of a router, `limpet_*` and the process's own. */
export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addThreadMetrics(registry, source)
  addServiceMetrics(registry, source)
  addReplicaMetrics(registry, source)
  addPinMetrics(registry, source)
  addRecordMetrics(registry, source)
  if (source.store !== undefined) addStoreMetrics(registry, source.store)
  if (source.channel !== undefined) addChannelMetrics(registry, source.channel)
  if (source.processes !== undefined) addProcessMetrics(registry, source.processes)
  return {
    contentType: registry.contentType,
    // prom-client writes Nan, which the format does not know.
    text: async () => (await registry.metrics()).replaceAll(' Nan\n', ' NaN\n') + durationHistogram(source),
  }
}

function addThreadMetrics(registry: Registry, { counters, workers }: MetricsSource): void {
  const open = () => counters.connections('opened') - counters.connections('closed')
  const help = {
    refusals: 'Requests that the router itself refused, by code.',
    timeouts: 'Connections that were given up, by what took too long.',
  }
  addMetric(registry, Gauge, 'limpet_workers', 'Serving threads.', [], (set) => set({}, workers))
  addMetric(registry, Gauge, 'limpet_connections', 'Open client connections.', [], (set) => set({}, open()))
  addMetric(registry, Counter, 'limpet_connections_total', 'Client connections accepted.', [], (set) =>
    set({}, counters.connections('opened')),
  )
  addMetric(
    registry,
    Counter,
    'limpet_connections_refused_total',
    'Client connections over a limit.',
    [],
    (set) => set({}, counters.connections('refusedConnections')),
  )
  addMetric(registry, Counter, 'limpet_refusals_total', help.refusals, ['code'], (set) => {
    for (const [index, code] of refusalCodes.entries()) set({ code }, counters.refusals(index))
  })
  addMetric(registry, Counter, 'limpet_timeouts_total', help.timeouts, ['kind'], (set) => {
    for (const [index, kind] of timeoutKinds.entries()) set({ kind }, counters.timeouts(index))
  })
}

function addServiceMetrics(registry: Registry, { counters, fleet }: MetricsSource): void {
  const help = {
    retries: 'Attempts on another connection or replica, of requests that had not been executed.',
    rehomes: 'Sessions that were moved to another replica, by why.',
    sources: 'Requests whose session source threw.',
    aborted: 'Requests whose client left before the answer was complete.',
    tunnelEnds: 'Upgraded connections that the router ended, by why.',
  }
  const each = (read: (service: string, values: ReturnType<CounterReader['service']>) => void): void => {
    for (const { config, index } of fleet.services) read(config.name, counters.service(index))
  }
  addMetric(registry, Counter, 'limpet_retries_total', help.retries, ['service'], (set) =>
    each((service, { retries }) => set({ service }, retries)),
  )
  addMetric(registry, Counter, 'limpet_rehomes_total', help.rehomes, ['service', 'reason'], (set) =>
    each((service, { moves }) => {
      for (const [index, reason] of moveReasons.entries()) set({ service, reason }, moves[index]!)
    }),
  )
  addMetric(registry, Counter, 'limpet_session_source_errors_total', help.sources, ['service'], (set) =>
    each((service, { sourceErrors }) => set({ service }, sourceErrors)),
  )
  addMetric(registry, Counter, 'limpet_tunnel_ends_total', help.tunnelEnds, ['service', 'reason'], (set) =>
    each((service, values) => {
      for (const [index, reason] of tunnelEnds.entries()) set({ service, reason }, values.tunnelEnds[index]!)
    }),
  )
  addMetric(registry, Counter, 'limpet_requests_aborted_total', help.aborted, ['service'], (set) =>
    each((service, { aborted }) => set({ service }, aborted)),
  )
}

function addReplicaMetrics(registry: Registry, { counters, board, pins, fleet }: MetricsSource): void {
  const names = ['service', 'replica']
  const each = (read: (labels: Labels, slot: number) => void): void => {
    for (const { config, replicas } of fleet.services) {
      for (const replica of replicas)
        read({ service: config.name, replica: replica.config.name }, replica.slot)
    }
  }
  const help = {
    requests: "Requests answered or tried, by what was decided about the request's session.",
    state: '1 for the state that the replica is in: ready, draining, drained, down or ejected.',
    tunnels:
      'Open upgraded connections (WebSocket and others). Without names: of replicas that were removed.',
  }
  addMetric(registry, Counter, 'limpet_requests_total', help.requests, [...names, 'decision'], (set) =>
    each((labels, slot) => {
      const counts = counters.replica(slot).decisions
      for (const [index, decision] of decisions.entries()) set({ ...labels, decision }, counts[index]!)
    }),
  )
  addMetric(
    registry,
    Counter,
    'limpet_responses_total',
    'Responses, by class of status.',
    [...names, 'class'],
    (set) =>
      each((labels, slot) => {
        const counts = counters.replica(slot).statuses
        for (const [index, name] of statusClassNames.entries())
          set({ ...labels, class: name }, counts[index]!)
      }),
  )
  addMetric(registry, Counter, 'limpet_request_bytes_total', 'Bytes of request content.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).requestBytes)),
  )
  addMetric(registry, Counter, 'limpet_response_bytes_total', 'Bytes of response content.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).responseBytes)),
  )
  addMetric(
    registry,
    Counter,
    'limpet_ejections_total',
    'Ejections after failed connections.',
    names,
    (set) => each((labels, slot) => set(labels, counters.replica(slot).ejections)),
  )
  addMetric(registry, Gauge, 'limpet_requests_in_flight', 'Requests under way, tunnels too.', names, (set) =>
    each((labels, slot) => set(labels, board.inFlight(slot))),
  )
  addMetric(registry, Gauge, 'limpet_tunnels', help.tunnels, names, (set) => {
    let rest = board.allTunnels()
    each((labels, slot) => {
      const count = board.tunnels(slot)
      set(labels, count)
      rest -= count
    })
    if (rest > 0) set({ service: '', replica: '' }, rest)
  })
  addMetric(registry, Counter, 'limpet_tunnels_total', 'Upgraded connections.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).tunnels)),
  )
  addMetric(registry, Gauge, 'limpet_sessions', 'Live pins, by the replica they name.', names, (set) =>
    each((labels, slot) => set(labels, pins.liveOf(slot))),
  )
  addMetric(registry, Gauge, 'limpet_replica_state', help.state, [...names, 'state'], (set) => {
    board.nowMs = Date.now()
    each((labels, slot) => {
      const mode = board.mode(slot) ?? 'down'
      const current = board.isDown(slot) ? 'down' : board.isEjected(slot) ? 'ejected' : mode
      for (const state of ['ready', 'draining', 'drained', 'down', 'ejected'])
        set({ ...labels, state }, state === current ? 1 : 0)
    })
  })
}

function addPinMetrics(registry: Registry, { pins }: MetricsSource): void {
  addMetric(registry, Gauge, 'limpet_pins', 'Live pins in the table.', [], (set) =>
    set({}, pins.stats().live),
  )
  addMetric(registry, Counter, 'limpet_pins_inserted_total', 'Pins put into the table.', [], (set) =>
    set({}, pins.stats().inserted),
  )
  addMetric(
    registry,
    Counter,
    'limpet_pins_evicted_total',
    'Pins taken out to make room.',
    ['kind'],
    (set) => {
      const { evictedExpired, evictedLive } = pins.stats()
      set({ kind: 'expired' }, evictedExpired)
      set({ kind: 'live' }, evictedLive)
    },
  )
}

function addRecordMetrics(registry: Registry, { records }: MetricsSource): void {
  const gauge = (name: string, help: string, read: (counts: RecordCounts) => number): void =>
    addMetric(registry, Gauge, name, help, [], (set) => set({}, read(records.counts)))
  gauge('limpet_session_records', 'Sessions that can be begun anew at another replica.', ({ kept }) => kept)
  gauge('limpet_session_record_characters', 'What is kept for that, in characters.', ({ length }) => length)
  const help = 'Sessions that can not be begun anew any more, for want of room.'
  addMetric(registry, Counter, 'limpet_session_records_dropped_total', help, [], (set) =>
    set({}, records.counts.dropped),
  )
}

/** prom-client's Histogram counts by itself; ours is counted elsewhere, so its lines are written here. */
function durationHistogram({ counters, fleet }: MetricsSource): string {
  const name = 'limpet_request_duration_seconds'
  let text = `\n# HELP ${name} From a request's head to the last byte of its answer.\n# TYPE ${name} histogram\n`
  for (const { config, index } of fleet.services) {
    const { durations, durationSumMs } = counters.service(index)
    let sum = 0
    for (const [bucket, count] of durations.entries()) {
      sum += count
      const edge = durationEdgesMs[bucket]
      const le = edge === undefined ? '+Inf' : edge / 1000
      text += `${name}_bucket{service="${config.name}",le="${le}"} ${sum}\n`
    }
    text += `${name}_sum{service="${config.name}"} ${durationSumMs / 1000}\n`
    text += `${name}_count{service="${config.name}"} ${sum}\n`
  }
  return text
}

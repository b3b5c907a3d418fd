import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { refusalCodes } from '../errors.ts'
import {
  type CounterReader,
  decisions,
  durationEdgesMs,
  moveReasons,
  timeoutKinds,
  tunnelEnds,
} from './counters.ts'

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

/** What metrics tell of one process behind a replica. */
export interface ProcessCounts {
  readonly name: string
  /** Whether it takes requests now. */
  readonly up: boolean
  /** How often it was started again. */
  readonly restarts: number
}

/** What metrics tell of what is kept to begin sessions anew. */
export interface RecordCounts {
  /** Records that are kept now, and their length in characters. */
  readonly kept: number
  readonly length: number
  /** Let go of for want of room, the longest untouched first, or because they were too long. */
  readonly dropped: number
}

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

type Labels = Record<string, string>

/** A counter or gauge whose values are read when it is scraped. */
function add(
  registry: Registry,
  kind: typeof Counter | typeof Gauge,
  name: string,
  help: string,
  labelNames: string[],
  read: (set: (labels: Labels, value: number) => void) => void,
): void {
  const Kind = kind as typeof Counter
  new Kind({
    name,
    help,
    labelNames,
    registers: [registry],
    collect(this: Counter) {
      this.reset()
      read((labels, value) => this.inc(labels, value))
    },
  })
}

function addThreadMetrics(registry: Registry, { counters, workers }: MetricsSource): void {
  const open = () => counters.connections('opened') - counters.connections('closed')
  const help = {
    refusals: 'Requests that the router itself refused, by code.',
    timeouts: 'Connections that were given up, by what took too long.',
  }
  add(registry, Gauge, 'limpet_workers', 'Serving threads.', [], (set) => set({}, workers))
  add(registry, Gauge, 'limpet_connections', 'Open client connections.', [], (set) => set({}, open()))
  add(registry, Counter, 'limpet_connections_total', 'Client connections accepted.', [], (set) =>
    set({}, counters.connections('opened')),
  )
  add(registry, Counter, 'limpet_connections_refused_total', 'Client connections over a limit.', [], (set) =>
    set({}, counters.connections('refusedConnections')),
  )
  add(registry, Counter, 'limpet_refusals_total', help.refusals, ['code'], (set) => {
    for (const [index, code] of refusalCodes.entries()) set({ code }, counters.refusals(index))
  })
  add(registry, Counter, 'limpet_timeouts_total', help.timeouts, ['kind'], (set) => {
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
  add(registry, Counter, 'limpet_retries_total', help.retries, ['service'], (set) =>
    each((service, { retries }) => set({ service }, retries)),
  )
  add(registry, Counter, 'limpet_rehomes_total', help.rehomes, ['service', 'reason'], (set) =>
    each((service, { moves }) => {
      for (const [index, reason] of moveReasons.entries()) set({ service, reason }, moves[index]!)
    }),
  )
  add(registry, Counter, 'limpet_session_source_errors_total', help.sources, ['service'], (set) =>
    each((service, { sourceErrors }) => set({ service }, sourceErrors)),
  )
  add(registry, Counter, 'limpet_tunnel_ends_total', help.tunnelEnds, ['service', 'reason'], (set) =>
    each((service, values) => {
      for (const [index, reason] of tunnelEnds.entries()) set({ service, reason }, values.tunnelEnds[index]!)
    }),
  )
  add(registry, Counter, 'limpet_requests_aborted_total', help.aborted, ['service'], (set) =>
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
  add(registry, Counter, 'limpet_requests_total', help.requests, [...names, 'decision'], (set) =>
    each((labels, slot) => {
      const counts = counters.replica(slot).decisions
      for (const [index, decision] of decisions.entries()) set({ ...labels, decision }, counts[index]!)
    }),
  )
  add(
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
  add(registry, Counter, 'limpet_request_bytes_total', 'Bytes of request content.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).requestBytes)),
  )
  add(registry, Counter, 'limpet_response_bytes_total', 'Bytes of response content.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).responseBytes)),
  )
  add(registry, Counter, 'limpet_ejections_total', 'Ejections after failed connections.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).ejections)),
  )
  add(registry, Gauge, 'limpet_requests_in_flight', 'Requests under way, tunnels too.', names, (set) =>
    each((labels, slot) => set(labels, board.inFlight(slot))),
  )
  add(registry, Gauge, 'limpet_tunnels', help.tunnels, names, (set) => {
    let rest = board.allTunnels()
    each((labels, slot) => {
      const count = board.tunnels(slot)
      set(labels, count)
      rest -= count
    })
    if (rest > 0) set({ service: '', replica: '' }, rest)
  })
  add(registry, Counter, 'limpet_tunnels_total', 'Upgraded connections.', names, (set) =>
    each((labels, slot) => set(labels, counters.replica(slot).tunnels)),
  )
  add(registry, Gauge, 'limpet_sessions', 'Live pins, by the replica they name.', names, (set) =>
    each((labels, slot) => set(labels, pins.liveOf(slot))),
  )
  add(registry, Gauge, 'limpet_replica_state', help.state, [...names, 'state'], (set) => {
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
  add(registry, Gauge, 'limpet_pins', 'Live pins in the table.', [], (set) => set({}, pins.stats().live))
  add(registry, Counter, 'limpet_pins_inserted_total', 'Pins put into the table.', [], (set) =>
    set({}, pins.stats().inserted),
  )
  add(registry, Counter, 'limpet_pins_evicted_total', 'Pins taken out to make room.', ['kind'], (set) => {
    const { evictedExpired, evictedLive } = pins.stats()
    set({ kind: 'expired' }, evictedExpired)
    set({ kind: 'live' }, evictedLive)
  })
}

function addRecordMetrics(registry: Registry, { records }: MetricsSource): void {
  const gauge = (name: string, help: string, read: (counts: RecordCounts) => number): void =>
    add(registry, Gauge, name, help, [], (set) => set({}, read(records.counts)))
  gauge('limpet_session_records', 'Sessions that can be begun anew at another replica.', ({ kept }) => kept)
  gauge('limpet_session_record_characters', 'What is kept for that, in characters.', ({ length }) => length)
  const help = 'Sessions that can not be begun anew any more, for want of room.'
  add(registry, Counter, 'limpet_session_records_dropped_total', help, [], (set) =>
    set({}, records.counts.dropped),
  )
}

function addStoreMetrics(registry: Registry, store: { stats(): StoreCounts }): void {
  const gauge = (name: string, help: string, read: (stats: StoreCounts) => number): void =>
    add(registry, Gauge, name, help, [], (set) => set({}, read(store.stats())))
  const counter = (name: string, help: string, read: (stats: StoreCounts) => number): void =>
    add(registry, Counter, name, help, [], (set) => set({}, read(store.stats())))
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
  add(registry, Counter, 'limpet_store_reads_total', help.reads, ['result'], (set) => {
    for (const [result, count] of Object.entries(store.stats().reads)) set({ result }, count)
  })
  add(registry, Counter, 'limpet_store_calls_total', help.calls, ['result'], (set) => {
    const { calls, failedCalls } = store.stats()
    set({ result: 'ok' }, calls - failedCalls)
    set({ result: 'error' }, failedCalls)
  })
  add(registry, Counter, 'limpet_store_ignored_total', help.ignored, ['reason'], (set) => {
    const { invalid, unknown } = store.stats()
    set({ reason: 'invalid' }, invalid)
    set({ reason: 'unknown_replica' }, unknown)
  })
}

function addChannelMetrics(registry: Registry, channel: { readonly counts: ChannelCounts }): void {
  const gauge = (name: string, help: string, read: (counts: ChannelCounts) => number): void =>
    add(registry, Gauge, name, help, [], (set) => set({}, read(channel.counts)))
  const counter = (name: string, help: string, read: (counts: ChannelCounts) => number): void =>
    add(registry, Counter, name, help, [], (set) => set({}, read(channel.counts)))
  gauge('limpet_channel_connections', 'Replicas that are connected to the channel.', (of) => of.connections)
  gauge('limpet_channel_topics', 'Topics of the channel that are known.', ({ topics }) => topics)
  gauge('limpet_channel_listens', 'Topics that replicas listen to, each as often.', ({ listens }) => listens)
  gauge('limpet_channel_bytes', 'What is kept of messages, as JSON.', ({ bytes }) => bytes)
  counter('limpet_channel_published_total', 'Messages published.', ({ published }) => published)
  counter('limpet_channel_delivered_total', 'Messages sent to replicas.', ({ delivered }) => delivered)
  const help = 'Connections and requests of replicas that were refused, by why.'
  add(registry, Counter, 'limpet_channel_refused_total', help, ['reason'], (set) => {
    for (const [reason, count] of Object.entries(channel.counts.refused)) set({ reason }, count)
  })
}

function addProcessMetrics(registry: Registry, processes: () => readonly ProcessCounts[]): void {
  add(registry, Gauge, 'limpet_worker_up', '1 while the worker takes requests.', ['worker'], (set) => {
    for (const { name, up } of processes()) set({ worker: name }, Number(up))
  })
  const help = 'How often the worker was started again.'
  add(registry, Counter, 'limpet_worker_restarts_total', help, ['worker'], (set) => {
    for (const { name, restarts } of processes()) set({ worker: name }, restarts)
  })
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

import type { Usage } from '../measure/meter.ts'

/** A column of the results. */
export interface Metric {
  key: string
  /** The column's heading, with the unit. */
  heading: string
  digits: number
  /** With this, the table has the ratio to the best peer, round by round; it says which way is better. */
  ratio?: 'more' | 'less'
  /** Show the value less that of the run without a proxy in the same round. */
  overDirect?: true
  /** The figure tells how far to trust the others, and has no meaning for docs. */
  trust?: true
}

/** Latencies as the generator sees them, through proxy and replica. */
export const latencyMetrics: readonly Metric[] = [
  { key: 'p50Us', heading: 'p50 µs', digits: 0 },
  { key: 'p99Us', heading: 'p99 µs', digits: 0 },
  { key: 'p999Us', heading: 'p99.9 µs', digits: 0 },
]

/** Latencies less those of the run without a proxy. */
export const addedLatencyMetrics: readonly Metric[] = latencyMetrics.map((metric) => ({
  ...metric,
  heading: `added ${metric.heading}`,
  overDirect: true,
}))

/** What the proxy spent on one `operation`. */
export function cpuMetrics(operation: string): readonly Metric[] {
  return [
    { key: 'cpuUs', heading: `CPU µs/${operation}`, digits: 2, ratio: 'less' },
    { key: 'cpuUserUs', heading: 'user', digits: 2 },
    { key: 'cpuSystemUs', heading: 'system', digits: 2 },
  ]
}

export const residentMetric: Metric = { key: 'residentMb', heading: 'RSS MB', digits: 1 }
export const peakMetric: Metric = { key: 'peakMb', heading: 'peak RSS MB', digits: 1, ratio: 'less' }

/** How busy the proxy's core and the load side's were, and how much of the proxy's core went to others. */
export const trustMetrics: readonly Metric[] = [
  { key: 'proxyPercent', heading: 'proxy core %', digits: 0, trust: true },
  { key: 'othersPercent', heading: 'others on it %', digits: 0, trust: true },
  { key: 'loadPercent', heading: 'load cores %', digits: 0, trust: true },
]

/** Values for `cpuMetrics`, `residentMetric`, `peakMetric` and `trustMetrics` when so many operations were done. */
export function usageValues(usage: Usage, operations: number): Record<string, number> {
  return {
    cpuUs: (usage.userUs + usage.systemUs) / operations,
    cpuUserUs: usage.userUs / operations,
    cpuSystemUs: usage.systemUs / operations,
    residentMb: usage.residentBytes / 1e6,
    peakMb: usage.peakBytes / 1e6,
    proxyPercent: (100 * (usage.userUs + usage.systemUs)) / usage.wallUs,
    othersPercent: 100 * usage.othersShare,
    loadPercent: 100 * usage.loadShare,
  }
}

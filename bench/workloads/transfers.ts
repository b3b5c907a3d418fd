import { startMeter } from '../measure/meter.ts'
import { transferBytes } from '../replicas/replica.ts'
import { type Metric, peakMetric, trustMetrics, usageValues } from '../summary/metric.ts'
import type { Target, Workload } from './workload.ts'

const metrics: readonly Metric[] = [
  { key: 'mbPerSecond', heading: 'MB/s', digits: 0, ratio: 'more' },
  { key: 'cpuMsPerGb', heading: 'CPU ms/GB', digits: 0, ratio: 'less' },
  { key: 'cpuUserMsPerGb', heading: 'user', digits: 0 },
  { key: 'cpuSystemMsPerGb', heading: 'system', digits: 0 },
  peakMetric,
  ...trustMetrics,
]

/** A workload of bodies of `transferBytes`, one after another, until the time to measure is over. */
export function transferWorkload(
  about: Pick<Workload, 'id' | 'title' | 'replicas'>,
  transfer: (port: number, session: string) => Promise<void>,
): Workload {
  return {
    ...about,
    metrics,
    freshProxy: true,
    warmUp: ({ port }) => transfer(port, 's-0'),
    measure: async ({ port, pid, cores, seconds }: Target) => {
      const meter = startMeter(pid, cores)
      const endMs = performance.now() + seconds * 1000
      let transfers = 0
      while (performance.now() < endMs) await transfer(port, `s-${transfers++}`)
      const usage = meter.stop()
      const gigabytes = (transfers * transferBytes) / 1e9
      return {
        mbPerSecond: (gigabytes * 1000) / (usage.wallUs / 1e6),
        cpuMsPerGb: (usage.userUs + usage.systemUs) / 1000 / gigabytes,
        cpuUserMsPerGb: usage.userUs / 1000 / gigabytes,
        cpuSystemMsPerGb: usage.systemUs / 1000 / gigabytes,
        ...usageValues(usage, transfers),
      }
    },
  }
}

import { createHistogram } from 'node:perf_hooks'

/** Collects latencies in whole microseconds, to three digits. */
export interface LatencyRecorder {
  record(latencyUs: number): void
  count(): number
  /** p50Us, p99Us and p999Us. */
  percentiles(): { p50Us: number; p99Us: number; p999Us: number }
}

export function recordLatencies(): LatencyRecorder {
  const histogram = createHistogram()
  return {
    record: (latencyUs) => histogram.record(Math.max(1, latencyUs)),
    count: () => histogram.count,
    percentiles: () => ({
      p50Us: histogram.percentile(50),
      p99Us: histogram.percentile(99),
      p999Us: histogram.percentile(99.9),
    }),
  }
}

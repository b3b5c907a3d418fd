import { setTimeout as sleep } from 'node:timers/promises'
import { openEventStreams } from '../load/event-streams.ts'
import { type LatencyRecorder, recordLatencies } from '../load/latency.ts'
import { chunksPerSecond, streamCount } from '../load/rates.ts'
import { startMeter } from '../measure/meter.ts'
import { streamReplicas } from '../replicas/stream-replicas.ts'
import {
  addedLatencyMetrics,
  cpuMetrics,
  residentMetric,
  trustMetrics,
  usageValues,
} from '../summary/metric.ts'
import type { Target, Workload } from './workload.ts'

/** Tokens of a language model: the cost of passing on a small piece at once. */
export const eventStream: Workload = {
  id: 'event-stream',
  title: `${streamCount} event streams, each with ${chunksPerSecond} chunks of 50 bytes a second`,
  replicas: streamReplicas,
  metrics: [
    { key: 'chunksPerSecond', heading: 'chunks/s', digits: 0 },
    ...cpuMetrics('chunk'),
    ...addedLatencyMetrics,
    residentMetric,
    ...trustMetrics,
  ],
  warmUp: async (target) => {
    await run(target, 2)
  },
  measure: (target) => run(target, target.seconds),
}

async function run({ port, pid, cores }: Target, seconds: number) {
  let recorder: LatencyRecorder | undefined
  const streams = await openEventStreams(port, streamCount, (latencyUs) => recorder?.record(latencyUs))
  try {
    // Opening the streams made work that isn't what is measured.
    await sleep(200)
    recorder = recordLatencies()
    const meter = startMeter(pid, cores)
    await sleep(seconds * 1000)
    const usage = meter.stop()
    const { count, percentiles } = recorder
    const chunks = count()
    recorder = undefined
    if (streams.lost() > 0) throw new Error(`${streams.lost()} event streams ended during the run.`)
    return {
      chunksPerSecond: (chunks / usage.wallUs) * 1e6,
      ...percentiles(),
      ...usageValues(usage, chunks),
    }
  } finally {
    streams.close()
  }
}

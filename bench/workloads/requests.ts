import { runWrk } from '../load/wrk.ts'
import { startMeter } from '../measure/meter.ts'
import { nginxReplicas } from '../replicas/nginx.ts'
import {
  cpuMetrics,
  latencyMetrics,
  type Metric,
  residentMetric,
  trustMetrics,
  usageValues,
} from '../summary/metric.ts'
import type { Target, Workload } from './workload.ts'

/** Seconds of load before the first measurement: enough for V8 to have optimised what is hot. */
const warmUpSeconds = 3

const metrics: readonly Metric[] = [
  { key: 'requestsPerSecond', heading: 'requests/s', digits: 0, ratio: 'more' },
  ...cpuMetrics('request'),
  ...latencyMetrics,
  residentMetric,
  ...trustMetrics,
]

/** What the workloads made of plain requests differ in. */
export interface RequestsOptions {
  id: string
  title: string
  /** A whole request, in which `@SESSION@` stands for the session key. */
  request: string
}

/** A workload of plain requests: 64 connections that always have one request under way, 1,000 sessions in turn. */
export function requestsWorkload({ id, title, request }: RequestsOptions): Workload {
  const run = ({ port, cores, stage }: Target, seconds: number) =>
    runWrk(stage, { port, request, connections: 64, sessions: 1000, seconds, cores: cores.load })
  return {
    id,
    title,
    replicas: nginxReplicas,
    metrics,
    warmUp: async (target) => {
      await run(target, warmUpSeconds)
    },
    measure: async (target) => {
      const meter = startMeter(target.pid, target.cores)
      const { requests, durationUs, p50Us, p99Us, p999Us } = await run(target, target.seconds)
      const usage = meter.stop()
      const requestsPerSecond = (requests / durationUs) * 1e6
      return { requestsPerSecond, p50Us, p99Us, p999Us, ...usageValues(usage, requests) }
    },
  }
}

/** The head of a GET with the session key, without the empty line at its end. */
export function getHead(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: bench.example\r\nX-Session: @SESSION@\r\n`
}

import { setTimeout as sleep } from 'node:timers/promises'
import { nowUs } from '../load/clock.ts'
import { type LatencyRecorder, recordLatencies } from '../load/latency.ts'
import { messagesPerSecond, streamCount } from '../load/rates.ts'
import { openTunnel, type Tunnel } from '../load/websockets.ts'
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

/** The cost of a message there and back again. */
export const websocket: Workload = {
  id: 'websocket',
  title: `${streamCount} WebSocket tunnels, each with ${messagesPerSecond} messages of 64 bytes a second and their echoes`,
  replicas: streamReplicas,
  metrics: [
    { key: 'messagesPerSecond', heading: 'messages/s', digits: 0 },
    ...cpuMetrics('message'),
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
  const onEcho = (latencyUs: number) => recorder?.record(latencyUs)
  const tunnels = await Promise.all(
    Array.from({ length: streamCount }, (_, session) => openTunnel(port, session, onEcho)),
  )
  const timer = sendInTurn(tunnels)
  try {
    await sleep(200)
    recorder = recordLatencies()
    const meter = startMeter(pid, cores)
    await sleep(seconds * 1000)
    const usage = meter.stop()
    const { count, percentiles } = recorder
    const messages = count()
    recorder = undefined
    const closed = tunnels.filter((tunnel) => tunnel.closed()).length
    if (closed > 0) throw new Error(`${closed} tunnels were closed during the run.`)
    return {
      messagesPerSecond: (messages / usage.wallUs) * 1e6,
      ...percentiles(),
      ...usageValues(usage, messages),
    }
  } finally {
    clearInterval(timer)
    for (const tunnel of tunnels) tunnel.close()
  }
}

/** Sends at the fixed rate whether or not echoes have come, so that a slow proxy can't slow the load down. */
function sendInTurn(tunnels: readonly Tunnel[]): NodeJS.Timeout {
  let lastUs = nowUs()
  let due = 0
  let turn = 0
  return setInterval(() => {
    const atUs = nowUs()
    // After a pause of the machine, go on from now instead of sending a burst.
    due += (Math.min(atUs - lastUs, 20_000) / 1e6) * messagesPerSecond * tunnels.length
    lastUs = atUs
    for (; due >= 1; due--) tunnels[turn++ % tunnels.length]!.send()
  }, 1)
}

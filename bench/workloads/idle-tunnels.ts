import { setTimeout as sleep } from 'node:timers/promises'
import { openTunnel, type Tunnel } from '../load/websockets.ts'
import { startMeter } from '../measure/meter.ts'
import { readMemory } from '../measure/proc-memory.ts'
import { streamReplicas } from '../replicas/stream-replicas.ts'
import { type Metric, usageValues } from '../summary/metric.ts'
import type { Target, Workload } from './workload.ts'

const tunnelCount = 5000
/** How long the tunnels rest before the idle time begins, for what opening them left to do. */
const settleMs = 2000
/** How long CPU time is counted while they are idle; memory is read at its end. */
const idleMs = 3000

const metrics: readonly Metric[] = [
  { key: 'kbPerTunnel', heading: 'KB/tunnel', digits: 1, ratio: 'less' },
  { key: 'baseMb', heading: 'RSS MB before', digits: 1 },
  { key: 'residentMb', heading: 'RSS MB with tunnels', digits: 1 },
  { key: 'cpuIdleMs', heading: 'CPU ms/s while idle', digits: 1 },
]

/** The memory that a tunnel takes while nothing happens on it. */
export const idleTunnels: Workload = {
  id: 'idle-tunnels',
  title: `${tunnelCount} WebSocket tunnels that have carried one message each and are idle since`,
  replicas: streamReplicas,
  metrics,
  freshProxy: true,
  withoutDirect: true,
  // A hundred tunnels that come and go fill the pools that any use would fill.
  warmUp: async ({ port }) => {
    closeAll(await openAll(port, 100))
    await sleep(500)
  },
  measure,
}

async function measure({ port, pid = 0, cores }: Target) {
  const before = readMemory(pid).residentBytes
  const tunnels = await openAll(port, tunnelCount)
  try {
    await sleep(settleMs)
    const meter = startMeter(pid, cores)
    await sleep(idleMs)
    const usage = meter.stop()
    const closed = tunnels.filter((tunnel) => tunnel.closed()).length
    if (closed > 0) throw new Error(`${closed} of ${tunnelCount} tunnels did not last.`)
    return {
      kbPerTunnel: (usage.residentBytes - before) / 1000 / tunnelCount,
      baseMb: before / 1e6,
      cpuIdleMs: (usage.userUs + usage.systemUs) / idleMs,
      ...usageValues(usage, tunnelCount),
    }
  } finally {
    closeAll(tunnels)
  }
}

/** Opens tunnels, fifty at a time, and waits for an echo on each. */
async function openAll(port: number, count: number): Promise<Tunnel[]> {
  const tunnels: Tunnel[] = []
  try {
    for (let first = 0; first < count; first += 50) {
      const group = await Promise.all(
        Array.from({ length: 50 }, (_, index) => openTunnel(port, first + index, () => {})),
      )
      tunnels.push(...group)
      await Promise.all(
        group.map((tunnel) => {
          const echoed = tunnel.echoed()
          tunnel.send()
          return echoed
        }),
      )
    }
  } catch (error) {
    closeAll(tunnels)
    throw error
  }
  return tunnels
}

function closeAll(tunnels: readonly Tunnel[]): void {
  for (const tunnel of tunnels) tunnel.close()
}

import { readCoreLoad } from './core-load.ts'
import { type Cores, expandList } from './cores.ts'
import { type CpuTime, readCpu } from './proc-cpu.ts'
import { readMemory, resetPeakMemory } from './proc-memory.ts'

/** What happened between `startMeter` and its `stop`. */
export interface Usage extends CpuTime {
  wallUs: number
  /** Resident memory of the proxy at the end. */
  residentBytes: number
  /** Its highest resident memory in between. */
  peakBytes: number
  /** Share of the proxy's core that other processes, interrupts and other machines took, 0..1: noise. */
  othersShare: number
  /** Share of the load side's cores that was busy, 0..1. Near 1, the load side limits what the proxy can show. */
  loadShare: number
}

/** Starts to measure a proxy; without a process id (no proxy between load and replicas) its own figures are 0. */
export function startMeter(pid: number | undefined, cores: Cores): { stop(): Usage } {
  if (pid !== undefined) resetPeakMemory(pid)
  const begin = readAll(pid, cores)
  return {
    stop() {
      const end = readAll(pid, cores)
      const wallUs = end.atUs - begin.atUs
      const userUs = end.cpu.userUs - begin.cpu.userUs
      const systemUs = end.cpu.systemUs - begin.cpu.systemUs
      const proxyCoreUs = end.proxy.busyUs - begin.proxy.busyUs + end.proxy.stolenUs - begin.proxy.stolenUs
      const loadUs = end.load.busyUs - begin.load.busyUs
      return {
        wallUs,
        userUs,
        systemUs,
        residentBytes: end.memory.residentBytes,
        peakBytes: end.memory.peakBytes,
        othersShare: Math.max(0, (proxyCoreUs - userUs - systemUs) / wallUs),
        loadShare: loadUs / wallUs / expandList(cores.load).length,
      }
    },
  }
}

function readAll(pid: number | undefined, cores: Cores) {
  return {
    atUs: Number(process.hrtime.bigint() / 1000n),
    cpu: pid === undefined ? { userUs: 0, systemUs: 0 } : readCpu(pid),
    memory: pid === undefined ? { residentBytes: 0, peakBytes: 0 } : readMemory(pid),
    proxy: readCoreLoad(cores.proxy),
    load: readCoreLoad(cores.load),
  }
}

import { readFileSync } from 'node:fs'
import { expandList } from './cores.ts'
import { cpuTickUs } from './proc-cpu.ts'

/** How long cores have been busy, in microseconds since the machine started. */
export interface CoreLoad {
  /** Time spent on any process or interrupt. */
  busyUs: number
  /** Time that the hypervisor gave to other machines. */
  stolenUs: number
}

/** Sums /proc/stat over a list of cores such as `0,2-3` (proc(5): user nice system idle iowait irq softirq steal). */
export function readCoreLoad(cores: string): CoreLoad {
  const text = readFileSync('/proc/stat', 'latin1')
  const sum = { busyUs: 0, stolenUs: 0 }
  for (const core of expandList(cores)) {
    const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(text)?.[1] ?? ''
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number)
    sum.busyUs += (user + nice + system + irq + softirq) * cpuTickUs()
    sum.stolenUs += steal * cpuTickUs()
  }
  return sum
}

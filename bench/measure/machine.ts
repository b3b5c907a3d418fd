import { cpus, release, totalmem, type } from 'node:os'
import type { Cores } from './cores.ts'
import { cpuTickUs } from './proc-cpu.ts'

/** What a reader of results needs to know about where they come from. */
export interface Machine {
  cpu: string
  cores: number
  memoryBytes: number
  system: string
  node: string
  pinned: Cores
  /** The resolution of the CPU readings. */
  cpuTickUs: number
}

export function describeMachine(pinned: Cores): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release().split('-')[0]}`,
    node: process.version,
    pinned,
    cpuTickUs: cpuTickUs(),
  }
}

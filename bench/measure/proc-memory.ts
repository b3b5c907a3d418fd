import { readFileSync, writeFileSync } from 'node:fs'
import { processTree } from './process-tree.ts'

/** Resident memory of a process and its descendants in bytes; pages that they share count once for each. */
export interface Memory {
  residentBytes: number
  /** The highest resident memory since the process began or `resetPeakMemory` was called. */
  peakBytes: number
}

/** Reads VmRSS and VmHWM (proc(5), /proc/PID/status) of a process tree. */
export function readMemory(pid: number): Memory {
  const sum = { residentBytes: 0, peakBytes: 0 }
  for (const each of processTree(pid)) {
    const status = readText(`/proc/${each}/status`)
    sum.residentBytes += kilobytes(status, 'VmRSS') * 1024
    sum.peakBytes += kilobytes(status, 'VmHWM') * 1024
  }
  return sum
}

/** Sets the peak of each process of the tree to what is resident now (proc(5), /proc/PID/clear_refs, 5). */
export function resetPeakMemory(pid: number): void {
  for (const each of processTree(pid)) {
    try {
      writeFileSync(`/proc/${each}/clear_refs`, '5')
    } catch {
      // It ended in between, or belongs to someone else: then the peak counts from its start.
    }
  }
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

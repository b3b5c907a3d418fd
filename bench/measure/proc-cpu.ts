import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { processTree } from './process-tree.ts'

/** CPU time in microseconds, in user mode and in the kernel. */
export interface CpuTime {
  userUs: number
  systemUs: number
}

let tickUs: number | undefined

/** The resolution of /proc/PID/stat: microseconds in one tick, 10,000 on nearly every Linux. */
export function cpuTickUs(): number {
  tickUs ??= 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return tickUs
}

/**
 * The CPU time that a process has used so far, all its threads, its living descendants and the children that it
 * has waited for included (proc(5), /proc/PID/stat: utime, stime, cutime, cstime).
 */
export function readCpu(pid: number): CpuTime {
  const sum = { userUs: 0, systemUs: 0 }
  for (const each of processTree(pid)) {
    const [user, system, childUser, childSystem] = statTicks(each)
    sum.userUs += (user + childUser) * cpuTickUs()
    sum.systemUs += (system + childSystem) * cpuTickUs()
  }
  return sum
}

function statTicks(pid: number): [number, number, number, number] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the command in parentheses, which may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return [Number(fields[11]), Number(fields[12]), Number(fields[13]), Number(fields[14])]
  } catch {
    return [0, 0, 0, 0]
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** A process and all its living descendants, by id. Empty when the process is gone. Linux only. */
export function processTree(pid: number): number[] {
  if (!existsSync(`/proc/${pid}/task`)) return []
  return [pid, ...threadsOf(pid).flatMap((thread) => childrenOf(pid, thread).flatMap(processTree))]
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** The children of one thread; none when it has ended in between, though its process may live on. */
function childrenOf(pid: number, thread: string): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
    return list.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

import { execFileSync } from 'node:child_process'

/** Which cores each side runs on, as `taskset -c` takes them. */
export interface Cores {
  /** One core, for the proxy alone. */
  proxy: string
  /** The other cores, for load and replicas. */
  load: string
}

/**
 * The last core that this process may use goes to the proxy, all others to the load side, so that on a machine
 * with more than two cores the load side can't hold the proxy back. Throws when there is only one core.
 */
export function divideCores(): Cores {
  const list = /: ([\d,-]+)\s*$/.exec(
    execFileSync('taskset', ['-cp', `${process.pid}`], { encoding: 'utf8' }),
  )
  const cores = expandList(list?.[1] ?? '0')
  const proxy = cores.at(-1)
  if (proxy === undefined || cores.length < 2) throw new Error('The benchmark needs at least two cores.')
  return { proxy: `${proxy}`, load: cores.slice(0, -1).join(',') }
}

/** Moves this process with all its threads to the given cores. */
export function pinSelf(cores: string): void {
  execFileSync('taskset', ['-acp', cores, `${process.pid}`], { stdio: 'ignore' })
}

/** `0-2,5` as `[0, 1, 2, 5]`. */
export function expandList(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}

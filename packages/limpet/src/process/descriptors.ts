import { readFileSync } from 'node:fs'

/** Descriptors for health checks, the admin listener and idle connections to replicas, as a share of all. */
const RESERVED = 0.1
/** What Node itself has open, besides what each of its threads has. */
const OWN = 32
const PER_THREAD = 16
/** A connection to a client, and one to a replica on its behalf. */
const PER_CLIENT = 2

/**
 * How many client connections the file descriptors of a process with `threads` serving threads allow
 * (`ulimit -n`), or 0 where that is not known.
 * Past them the kernel would refuse connections at random, those to replicas too; a limit below keeps the
 * clients that are there served. Node raises the soft limit to the hard one as it starts.
 */
export function connectionsByDescriptors(threads: number): number {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return 0
  }
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0)
  const reserved = Math.max(most * RESERVED, OWN + PER_THREAD * threads)
  return Math.max(1, Math.floor((most - reserved) / PER_CLIENT))
}

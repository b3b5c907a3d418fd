import { readFileSync } from 'node:fs'

/** Descriptors for listeners, logs, health checks and idle connections to replicas, as a share of all. */
const RESERVED = 0.1
/** A connection to a client, and one to a replica on its behalf. */
const PER_CLIENT = 2

/**
 * How many client connections the process's file descriptors allow (`ulimit -n`), or 0 where that is not known.
 * Past them the kernel would refuse connections at random, those to replicas too; a limit below keeps the
 * clients that are there served. Node raises the soft limit to the hard one as it starts.
 */
export function connectionsByDescriptors(): number {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return 0
  }
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0)
  return Math.floor((most * (1 - RESERVED)) / PER_CLIENT)
}

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { installFolder } from './peer.ts'

/** Loads a package that `install-peers.ts` installed; the caller knows its type. */
export function loadInstalled<T>(name: string): T {
  const load = createRequire(join(installFolder, 'node', 'package.json'))
  return load(name) as T
}

/** The port to listen on and the replicas' URLs, from the command line. */
export function readPorts(): { port: number; replicas: string[] } {
  const [port = 0, ...replicaPorts] = process.argv.slice(2).map(Number)
  return { port, replicas: replicaPorts.map((each) => `http://127.0.0.1:${each}`) }
}

/**
 * Both libraries leave it to their user to choose where a request goes. This is about the cheapest choice that
 * sticks: an FNV-1a hash of the session key, modulo the number of replicas.
 */
export function chooseReplica(replicas: readonly string[], session: string | string[] | undefined): string {
  let hash = 0x811c9dc5
  const key = String(session)
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return replicas[(hash >>> 0) % replicas.length]!
}

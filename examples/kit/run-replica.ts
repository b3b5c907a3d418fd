import { once } from 'node:events'
import { chmod, lstat, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface RunReplicaOptions {
  readonly name: string
  readonly server: Server
  /** An address, with port 0 for any that is free, or the path of a Unix socket. */
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string }
  /** Lets what is under way end, and resolves when all is closed. */
  readonly stop: () => Promise<void>
}

/**
 * Runs a replica as this process: listens, tells the process that started it its port, stops at SIGTERM, and ends at
 * once when that process is gone. Run by hand it prints where it listens, and Ctrl-C stops it.
 * Rejects when it can't listen there.
 */
export async function runReplica({ name, server, at, stop }: RunReplicaOptions): Promise<void> {
  const path = 'path' in at ? at.path : undefined
  // What a process has left there that was killed; a port is free by itself then.
  if (path !== undefined && (await lstat(path).catch(() => undefined))?.isSocket()) await rm(path)
  const listening = once(server, 'listening')
  server.listen(at)
  await listening
  if (path !== undefined) await chmod(path, 0o600)

  const stopAndExit = async (): Promise<void> => {
    await stop()
    process.exit(0)
  }
  process.once('SIGTERM', stopAndExit)
  process.once('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole process group; a parent stops its router first and its replicas then.
  process.on('SIGINT', () => {
    if (!process.connected) stopAndExit()
  })
  if (path === undefined && process.send) process.send({ port: portOf(server) })
  if (process.send) return
  const shown = path ?? `port ${portOf(server)}`
  process.stdout.write(`replica ${name} listens at ${shown}\n`)
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

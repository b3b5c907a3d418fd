import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maxSocketPathBytes } from '../config/replica-schema.ts'
import { StartError } from '../errors.ts'

/** Where a worker is to listen. */
export type WorkerPlace =
  | { readonly kind: 'port'; readonly port: number; readonly url: string }
  | { readonly kind: 'socket'; readonly path: string; readonly url: string }

/** Where the workers of a group listen, by their numbers. */
export interface WorkerPlaces {
  /** As they are now. */
  readonly current: readonly WorkerPlace[]
  /** The place of a worker that is about to start: nobody listens there. The same as before where that can be. */
  free(index: number): Promise<WorkerPlace>
  /** What the places need, to be removed in the end. */
  readonly folder: string | undefined
}

/** Ports of 127.0.0.1, one for each worker. One that another program has taken meanwhile is replaced. */
export async function openPorts(count: number): Promise<WorkerPlaces> {
  const servers = await Promise.all(Array.from({ length: count }, () => listenAt(0)))
  const current = servers.map((server) => portPlace(portOf(server)))
  await Promise.all(servers.map(end))
  return {
    current,
    folder: undefined,
    async free(index) {
      const place = current[index]!
      if (place.kind !== 'port' || (await isFree(place.port))) return place
      // Another worker's port is free while that one is being restarted, and is not for this one.
      for (;;) {
        const server = await listenAt(0)
        const port = portOf(server)
        await end(server)
        if (current.some((other) => other.kind === 'port' && other.port === port)) continue
        current[index] = portPlace(port)
        return current[index]
      }
    },
  }
}

/**
 * Unix sockets in a new folder that is this user's alone.
 *
 * @throws {StartError} `LIMPET_SOCKET_PATH` where the folder for temporary files has too long a path
 */
export async function openSockets(count: number): Promise<WorkerPlaces> {
  const folder = await mkdtemp(join(tmpdir(), 'limpet-workers-'))
  const current = Array.from({ length: count }, (_, index) => {
    const path = join(folder, `${index}.sock`)
    return { kind: 'socket', path, url: `unix:${path}` } as const
  })
  if (Buffer.byteLength(join(folder, `${count - 1}.sock`)) > maxSocketPathBytes) {
    await rm(folder, { recursive: true })
    const message = `Unix sockets below ${tmpdir()} would have paths that are too long: set TMPDIR to a shorter one.`
    throw new StartError('LIMPET_SOCKET_PATH', message)
  }
  return {
    current,
    folder,
    async free(index) {
      const place = current[index]!
      // The file outlives who has listened there, and would be in the way.
      await rm(place.path, { force: true })
      return place
    },
  }
}

function portPlace(port: number): WorkerPlace {
  return { kind: 'port', port, url: `http://127.0.0.1:${port}` }
}

function listenAt(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server))
  })
}

async function isFree(port: number): Promise<boolean> {
  try {
    await end(await listenAt(port))
    return true
  } catch {
    return false
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

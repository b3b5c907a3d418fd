import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readSettings } from '@limpet/replica'
import { type ContainerProcess, startContainer } from './container-process.ts'
import { startRouter } from './router-process.ts'

export interface MediaChatOptions {
  /** HOST:PORT of the router; a free port by default, as for `admin`. */
  readonly listen?: string
  readonly admin?: string
  readonly containers?: number
  /** An existing folder for all files of the example, which are gone when it ends; by default where SageMaker's are. */
  readonly folder?: string | undefined
  readonly onLost?: 'rehome' | 'reject'
  /** Gets lines about processes that end unasked. */
  readonly say?: (line: string) => void
}

/** Media containers on one shared path of sessions, with a router in front of them; each is a process. */
export interface MediaChat extends AsyncDisposable {
  readonly url: string
  readonly adminUrl: string
  readonly sessionsPath: string
  readonly containers: readonly ContainerProcess[]
  /** Resolves when the router is gone, whatever ended it. */
  readonly routerEnded: Promise<void>
}

export const containerNames = ['otter', 'seal', 'heron', 'puffin', 'crab', 'plover', 'urchin', 'tern']

/** Starts all of it. Disposing it stops the router, then the containers, and deletes their files. */
export async function startMediaChat(options: MediaChatOptions = {}): Promise<MediaChat> {
  const { listen = '127.0.0.1:0', admin = '127.0.0.1:0', onLost = 'rehome', say = () => {} } = options
  const names = containerNames.slice(0, options.containers ?? 4)
  const stateFolder = await mkdtemp(join(options.folder ?? dirname(readSettings().path), 'media-chat-'))
  const sessionsPath = join(stateFolder, 'sessions')
  await using started = new AsyncDisposableStack()
  started.defer(() => rm(stateFolder, { recursive: true, force: true }))
  const containers = await Promise.all(
    names.map(async (name) => {
      const container = await startContainer({ name, sessionsPath, say })
      started.defer(container.stop)
      return container
    }),
  )
  const replicas = containers.map(({ url }) => url)
  const router = await startRouter({ listen, admin, replicas, onLost, stateFolder })
  started.defer(router.stop)
  const parts = started.move()
  return {
    url: router.url,
    adminUrl: router.adminUrl,
    sessionsPath,
    containers,
    routerEnded: router.ended,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

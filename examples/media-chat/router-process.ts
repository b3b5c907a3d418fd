import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endNode, startNode } from './owned-process.ts'

/** The `limpet` command as a process of its own. */
export interface RouterProcess {
  readonly url: string
  readonly adminUrl: string
  /** Resolves when the process is gone, whatever ended it. */
  readonly ended: Promise<void>
  /** Stops it, after the requests under way. */
  stop(): Promise<void>
}

export interface RouterProcessOptions {
  readonly listen: string
  readonly admin: string
  readonly replicas: readonly string[]
  readonly onLost: 'rehome' | 'reject'
  /** Where the router keeps the keys that it makes. */
  readonly stateFolder: string
}

const command = fileURLToPath(new URL('bin/limpet.js', import.meta.resolve('limpet/package.json')))

/** The arguments of `limpet` for these options. */
export function routerArguments({ listen, admin, replicas, onLost }: RouterProcessOptions): string[] {
  return [
    ...['serve', '--dialect', 'sagemaker', '--endpoint', 'media-chat', '--on-lost', onLost],
    ...['--listen', listen, '--admin', admin],
    ...replicas.flatMap((url) => ['--replica', url]),
  ]
}

/**
 * Starts `limpet serve` and resolves when it listens.
 * @throws {Error} with what the router printed when it ends before that
 */
export async function startRouter(options: RouterProcessOptions): Promise<RouterProcess> {
  const args = [command, ...routerArguments(options)]
  const child = startNode(args, ['ignore', 'pipe', 'pipe'], { XDG_STATE_HOME: options.stateFolder })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let faults = ''
  const keep = (text: string): void => {
    faults += text
  }
  child.stderr!.setEncoding('utf8').on('data', keep)
  const addresses = await addressesOf(child)
  if (!addresses) {
    await ended
    throw new Error(faults.trim() || 'limpet ended before it listened.')
  }
  child.stderr!.off('data', keep).pipe(process.stderr)
  return { ...addresses, ended, stop: () => endNode(child) }
}

/** What the router's log says of its addresses; undefined when it ends without having said it. */
async function addressesOf(child: ChildProcess): Promise<{ url: string; adminUrl: string } | undefined> {
  const lines = createInterface({ input: child.stdout! })
  const found = Promise.withResolvers<{ url: string; adminUrl: string } | undefined>()
  // The rest of the log is read, too, and dropped: a full pipe would stop the router.
  lines.on('line', (line) => {
    const { msg, url, adminUrl } = JSON.parse(line)
    if (msg === 'limpet is listening') found.resolve({ url, adminUrl })
  })
  lines.once('close', () => found.resolve(undefined))
  return found.promise
}

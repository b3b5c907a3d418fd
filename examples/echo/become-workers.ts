import { fileURLToPath } from 'node:url'

export interface WorkersOptions {
  readonly listen: string
  readonly admin: string
  readonly count: number
  readonly store: string | undefined
}

const limpet = fileURLToPath(new URL('bin/limpet.js', import.meta.resolve('limpet/package.json')))
const replica = fileURLToPath(new URL('replica.ts', import.meta.url))

/** Turns this process into `limpet workers` with replicas of this demo, which says on standard output what it does. */
export function becomeWorkers({ listen, admin, count, store }: WorkersOptions): never {
  const { NODE_OPTIONS: _, ...env } = process.env
  if (store !== undefined) env.LIMPET_CHANNEL = store
  const options = [
    ...['-n', `${count}`, '--listen', listen],
    // Without a store the workers' channel is the broker at the admin listener.
    ...(store === undefined ? ['--admin', admin] : ['--store', store]),
    // One thread, since each goes round by itself: so the turns of HTTP & Round Robin can be followed.
    ...[
      '--threads',
      '1',
      '--balance',
      'round-robin',
      '--cookie-begins',
      'navigation',
      '--health',
      '/healthz',
    ],
  ]
  // Not a process beside this one, which would have to be ended with it, however that ends.
  if (process.execve === undefined) throw new Error('limpet workers runs on Linux and macOS only.')
  const words = [process.execPath, limpet, 'workers', ...options, '--', process.execPath, replica]
  return process.execve(process.execPath, words, env)
}

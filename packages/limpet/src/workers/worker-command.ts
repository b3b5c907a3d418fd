import type { WorkerPlace } from './worker-places.ts'

/** What a worker is started as. */
export interface WorkerCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** Secrets of the router, which its workers have no use for. */
const SECRETS = [
  'LIMPET_KEYS',
  'LIMPET_ADMIN_TOKEN',
  'LIMPET_STORE_PASSWORD',
  'LIMPET_STORE_SENTINEL_PASSWORD',
]

/**
 * The command of one worker: `command` with `{port}`, `{socket}` and `{worker}` in its arguments filled in, and an
 * environment that tells the same: PORT or LIMPET_SOCKET, LIMPET_WORKER, and HOST unless it is set.
 */
export function commandOf(
  command: readonly string[],
  name: string,
  place: WorkerPlace,
  inherited: NodeJS.ProcessEnv,
): WorkerCommand {
  const values: Readonly<Record<string, string>> = {
    worker: name,
    ...(place.kind === 'port' ? { port: `${place.port}` } : { socket: place.path }),
  }
  const [file = '', ...args] = command
  // What is not this worker's may be its neighbour's, or the router's own.
  const { PORT: _, LIMPET_SOCKET: __, ...env } = inherited
  for (const secret of SECRETS) delete env[secret]
  return {
    file,
    args: args.map((arg) => arg.replace(/\{(port|socket|worker)\}/g, (whole, key) => values[key] ?? whole)),
    env: {
      HOST: '127.0.0.1',
      ...env,
      LIMPET_WORKER: name,
      ...(place.kind === 'port' ? { PORT: `${place.port}` } : { LIMPET_SOCKET: place.path }),
    },
  }
}

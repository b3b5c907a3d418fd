import { availableParallelism } from 'node:os'
import { parseDuration } from '../config/duration.ts'
import { checkInput } from '../config/load.ts'
import type { ConfigInput } from '../config/schema.ts'
import { type FlagValues, readFlags } from './flag-values.ts'
import { flagOf, inputOf } from './input-of-flags.ts'

/** What `limpet workers` is asked for. */
export type WorkersFlags =
  | { readonly kind: 'help' }
  /** Print each line and exit with 2. */
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  | ({ readonly kind: 'run' } & WorkersRun)

/** Which processes to run, and how. */
export interface WorkersRun {
  readonly command: readonly string[]
  readonly count: number
  /** Whether they listen at Unix sockets in place of ports. */
  readonly usesSockets: boolean
  readonly hasPrefix: boolean
  readonly readyTimeoutMs: number
  readonly graceMs: number
  /** The router's config; its one service has no replicas yet. */
  readonly input: ConfigInput
}

export const workersHelp = `Usage: limpet workers [options] -- COMMAND [ARGUMENT]...

Runs several processes of a program and routes every request of a session to the process that holds its state.
Each process is told where to listen by PORT in its environment, and is started again when it ends.
{port}, {socket} and {worker} in its arguments are replaced by its own.

Processes:
  -n N                  how many, 1 to 256 (default: one for each core)
  --socket              they listen at Unix sockets (LIMPET_SOCKET) in place of ports (PORT)
  --health PATH         a worker takes requests when a GET of this is answered with 200 to 399
                        (default: when it accepts connections)
  --ready-timeout TIME  how long a worker may take until then (default 30s)
  --grace TIME          from SIGTERM to SIGKILL, and for what is under way at a restart (default 10s)
  --no-prefix           pass on their output as it is, without the worker's name before each line

The router, as with limpet serve:
  --listen HOST:PORT    where clients connect (default 127.0.0.1:8080)
  --admin [HOST:PORT]   open the admin listener (default 127.0.0.1:8081; without this option: off)
  --session SOURCE      where a session is named: header:NAME, cookie:NAME, query:NAME, bearer, ip, cookie
                        or module:PATH; repeat it (default cookie, the router's own; none with mcp)
  --cookie-begins WHO   who is given the router's cookie: always, or navigation for page loads alone (default always)
  --dialect NAME        header, cookie or mcp (default header)
  --balance POLICY      requests without a session: round-robin, random or least-load (default least-load)
  --on-lost ACTION      a session's worker is gone: rehome or reject (default rehome)
  --ttl DURATION        how long an idle session stays pinned (default 20m)
  --keys FILE           the keys that sign cookies (default: LIMPET_KEYS, else a file made at the first start)
  --store URL           share pins with other routers and later starts
  --threads N           threads of the router itself (default: one for each core)
  --access-log          write one JSON line for each request to standard output

  --help                print this

Signals: SIGTERM and SIGINT finish what is under way and end the workers; SIGHUP restarts one worker after the other.

Examples:
  limpet workers -- node server.js
  limpet workers -n 4 --listen :80 -- node server.js
  limpet workers -n 4 -- uvicorn app:app --port {port}
  limpet workers -n 4 --socket -- uvicorn app:app --uds {socket}
  limpet workers -n 2 --dialect mcp --health /healthz -- python server.py
`

const options = {
  n: { type: 'string', short: 'n' },
  socket: { type: 'boolean' },
  health: { type: 'string' },
  'ready-timeout': { type: 'string' },
  grace: { type: 'string' },
  'no-prefix': { type: 'boolean' },
  listen: { type: 'string' },
  admin: { type: 'string' },
  session: { type: 'string', multiple: true },
  'cookie-begins': { type: 'string' },
  dialect: { type: 'string' },
  balance: { type: 'string' },
  'on-lost': { type: 'string' },
  ttl: { type: 'string' },
  keys: { type: 'string' },
  store: { type: 'string' },
  threads: { type: 'string' },
  'access-log': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const MOST_WORKERS = 256
/** Sessions go elsewhere as soon as their worker is to be restarted. */
const DRAIN_TIMEOUT = '1ms'

/** Reads the arguments of `limpet workers`. Every fault is one line that names its flag. */
export function parseWorkersFlags(argv: readonly string[]): WorkersFlags {
  const end = argv.indexOf('--')
  const command = end === -1 ? [] : argv.slice(end + 1)
  const { values, positionals, faults } = readFlags(
    end === -1 ? argv : argv.slice(0, end),
    options,
    'limpet workers',
  )
  if (values.has('help')) return { kind: 'help' }
  if (faults.length > 0) return { kind: 'faults', faults }
  const [stray] = positionals
  if (stray !== undefined) faults.push(`${stray} stands before --: write limpet workers [options] -- COMMAND`)
  else if ((command[0] ?? '') === '') {
    faults.push(
      'needs a command after --, such as: limpet workers -- node server.js; see limpet workers --help',
    )
  }
  const count = countOf(values, faults)
  const readyTimeoutMs = durationOf(values, 'ready-timeout', '30s', faults)
  const graceMs = durationOf(values, 'grace', '10s', faults)
  const usesSockets = values.has('socket')
  const wrong = usesSockets ? '{port}' : '{socket}'
  if (command.slice(1).some((arg) => arg.includes(wrong)))
    faults.push(`${wrong} has no meaning ${usesSockets ? 'with' : 'without'} --socket`)
  const input = workersInput(values)
  faults.push(...faultsOfInput(values, input))
  if (faults.length > 0) return { kind: 'faults', faults }
  const hasPrefix = !values.has('no-prefix')
  return { kind: 'run', command, count, usesSockets, hasPrefix, readyTimeoutMs, graceMs, input }
}

function countOf(values: FlagValues, faults: string[]): number {
  const text = values.get('n')?.[0]
  if (text === undefined) return Math.min(availableParallelism(), MOST_WORKERS)
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > MOST_WORKERS)
    faults.push(`-n must be a number from 1 to ${MOST_WORKERS}, not "${text}"`)
  return count
}

function durationOf(values: FlagValues, name: string, usual: string, faults: string[]): number {
  const text = values.get(name)?.[0] ?? usual
  const ms = parseDuration(text) ?? 0
  if (ms < 1 || ms > 3_600_000)
    faults.push(`--${name} must be a duration up to 1h, such as ${usual}, not "${text}"`)
  return ms
}

function workersInput(values: FlagValues): ConfigInput {
  const threads = values.get('threads')
  const { services: [service] = [], ...input } = inputOf(
    new Map([...values, ...(threads === undefined ? [] : [['workers', threads] as const])]),
  )
  const path = values.get('health')?.[0]
  const named = values.has('session') || values.get('dialect')?.[0] === 'mcp'
  return {
    ...input,
    services: [
      {
        ...service!,
        name: 'workers',
        drainTimeout: DRAIN_TIMEOUT,
        ...(!named && { session: ['cookie'] }),
        ...(path !== undefined && { health: { path } }),
      },
    ],
  }
}

function faultsOfInput(values: FlagValues, input: ConfigInput): string[] {
  const dialect = values.get('dialect')?.[0]
  if (dialect === 'sagemaker') return ['--dialect must be header, cookie or mcp, not sagemaker']
  const result = checkInput(input, 'command')
  if ('config' in result) return []
  return result.faults.map(({ path, message }) => {
    const flag = flagOf(path)
    return `--${flag === 'workers' ? 'threads' : flag} ${message}`
  })
}

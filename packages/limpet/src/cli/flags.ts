import { checkInput, withAbsoluteStorePaths } from '../config/load.ts'
import type { Config, ConfigInput } from '../config/schema.ts'
import { type FlagValues, readFlags } from './flag-values.ts'
import { flagOf, inputOf } from './input-of-flags.ts'

/** What a command's arguments ask for. */
export type ServeFlags =
  | { readonly kind: 'help' }
  /** Print each line and exit with 2. */
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  /** Serve the file, with what the flags put over it. */
  | { readonly kind: 'file'; readonly configPath: string; readonly overrides: ConfigOverrides }
  /** Serve one service, described by the flags alone. */
  | { readonly kind: 'flags'; readonly input: ConfigInput }

/** What flags put over a config file's settings; absent keys leave the file's. */
export type ConfigOverrides = Partial<Pick<Config, 'listen' | 'admin' | 'workers' | 'store'>> & {
  accessLog?: true
}

export const serveHelp = `Usage: limpet serve [CONFIG] [options]

Routes every request of a session to the replica that holds its state, with the services of a config file
or with one service that the options describe.

For the whole router:
  --listen HOST:PORT    where clients connect (default 127.0.0.1:8080)
  --admin [HOST:PORT]   open the admin listener (default 127.0.0.1:8081; without this option: off)
  --workers N           threads that serve clients (default: one for each core)
  --store URL           share pins with other routers and later starts: sqlite:PATH, redis://HOST:PORT or others
                        (a password is better in LIMPET_STORE_PASSWORD than here)
  --access-log          write one JSON line for each request to standard output

For one service, without CONFIG:
  --replica URL         a replica, such as http://127.0.0.1:8001 or unix:/run/app/1.sock; repeat it for each
  --session SOURCE      where a session is named: header:NAME, cookie:NAME, query:NAME, bearer, ip, cookie
                        or module:PATH; repeat it, the first that is present counts
                        (default header:x-session-id; none with mcp)
  --cookie-begins WHO   who is given the router's cookie: always, or navigation for page loads alone (default always)
  --dialect NAME        header, cookie, sagemaker or mcp (default header)
  --endpoint NAME       the EndpointName that clients give with --dialect sagemaker (default: any)
  --max-sessions N      how many sessions a replica may hold (default: no limit)
  --balance POLICY      requests without a session: round-robin, random or least-load (default least-load)
  --on-lost ACTION      a session's replica is gone: rehome or reject (default rehome; reject with sagemaker)
  --ttl DURATION        how long an idle session stays pinned (default 20m)
  --keys FILE           the keys that sign cookies and ids (default: LIMPET_KEYS, else a file made at the first start)

  --help                print this

Examples:
  limpet serve limpet.yaml
  limpet serve limpet.yaml --listen :80 --access-log
  limpet serve --replica http://127.0.0.1:8001 --replica http://127.0.0.1:8002
  limpet serve --dialect sagemaker --replica http://127.0.0.1:8001 --replica http://127.0.0.1:8002
  limpet serve --dialect mcp --replica http://127.0.0.1:8001 --replica http://127.0.0.1:8002
  limpet serve limpet.yaml --store redis://10.0.0.9:6379
  limpet serve --replica http://10.0.0.5:8000 --session header:x-conversation --session bearer --ttl 1h
`

const options = {
  listen: { type: 'string' },
  admin: { type: 'string' },
  replica: { type: 'string', multiple: true },
  session: { type: 'string', multiple: true },
  'cookie-begins': { type: 'string' },
  dialect: { type: 'string' },
  endpoint: { type: 'string' },
  'max-sessions': { type: 'string' },
  balance: { type: 'string' },
  'on-lost': { type: 'string' },
  ttl: { type: 'string' },
  workers: { type: 'string' },
  store: { type: 'string' },
  keys: { type: 'string' },
  'access-log': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Flags that mean the same with a config file, over whose settings they go. */
const fileFlags: readonly string[] = ['listen', 'admin', 'workers', 'store', 'access-log', 'help']

/** Reads the arguments of `limpet serve`. Every fault is one line that names its flag. */
export function parseServeFlags(argv: readonly string[]): ServeFlags {
  const { values, positionals: files, faults } = readFlags(argv, options, 'limpet serve')
  if (values.has('help')) return { kind: 'help' }
  // A misspelt flag makes its value look like a file, so nothing more can be said with certainty.
  if (faults.length > 0) return { kind: 'faults', faults }
  const [configPath, ...moreFiles] = files
  for (const file of moreFiles) faults.push(`${file} is one config file too many: the first is ${configPath}`)
  if (configPath !== undefined) {
    for (const name of values.keys()) {
      if (fileFlags.includes(name)) continue
      faults.push(
        `--${name} can't stand beside a config file: write it in ${configPath}, or leave the file out`,
      )
    }
  } else if (!values.has('replica')) {
    faults.push('limpet serve needs a config file or at least one --replica; see limpet serve --help')
  }
  if (faults.length > 0) return { kind: 'faults', faults }
  return parseValues(values, configPath)
}

/** `config` with the flags' settings in place of its own. */
export function applyOverrides(config: Config, overrides: ConfigOverrides): Config {
  const { accessLog, ...settings } = overrides
  const log = accessLog === true ? { ...config.log, access: 'stdout' as const } : config.log
  return { ...config, ...settings, log }
}

function parseValues(values: FlagValues, configPath: string | undefined): ServeFlags {
  const input = inputOf(values)
  const result = checkInput(input, 'command')
  if ('faults' in result) {
    return {
      kind: 'faults',
      faults: result.faults.map(({ path, message }) => `--${flagOf(path)} ${message}`),
    }
  }
  if (configPath === undefined) return { kind: 'flags', input }
  const { listen, admin, workers, store } = result.config
  return {
    kind: 'file',
    configPath,
    overrides: {
      ...(values.has('listen') && { listen }),
      ...(values.has('admin') && { admin }),
      ...(values.has('workers') && { workers }),
      // Like all paths on a command line, those of the store start at the working directory.
      ...(store !== undefined && { store: withAbsoluteStorePaths(store, '.') }),
      ...(values.has('access-log') && { accessLog: true }),
    },
  }
}

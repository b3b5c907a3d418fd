import { type ReportFault, scalar } from './field.ts'

/** Where a shared store is, as its URL says. */
export type StoreLocation =
  | { readonly kind: 'memory'; readonly shown: string }
  | { readonly kind: 'sqlite'; readonly path: string; readonly shown: string }
  | RedisLocation

/** One or several servers of Redis or Valkey. */
export interface RedisLocation {
  readonly kind: 'redis'
  /** `single`: the server; `sentinel`: Sentinels that know it as `master`; `cluster`: some of the cluster's servers. */
  readonly mode: 'single' | 'sentinel' | 'cluster'
  readonly tls: boolean
  readonly servers: readonly { readonly host: string; readonly port: number }[]
  readonly master: string | undefined
  readonly database: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** The URL without credentials, for logs. */
  readonly shown: string
}

const forms =
  'sqlite:PATH, redis://HOST:PORT, rediss://HOST:PORT, redis+sentinel://HOST:PORT,…/MASTER or redis+cluster://HOST:PORT,…'
const redisPattern = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#]+)(\/[^?#]*)?$/

/** The URL of a store. What it was is never part of a fault, since it may hold a password. */
export function storeUrlField() {
  const doc = {
    title: 'store URL',
    pattern: String.raw`^(?:memory:|sqlite:.+|rediss?(?:\+(?:sentinel|cluster))?://.+)$`,
  }
  return scalar<string, StoreLocation>(doc, readStoreUrl)
}

function readStoreUrl(value: unknown, fault: ReportFault): StoreLocation {
  if (value === 'memory:') return { kind: 'memory', shown: 'memory:' }
  if (typeof value === 'string' && value.startsWith('sqlite:')) {
    const path = value.slice('sqlite:'.length)
    if (path === '' || path === ':memory:') return fault('must name a file: sqlite:PATH')
    return { kind: 'sqlite', path, shown: value }
  }
  const parts = typeof value === 'string' ? redisPattern.exec(value) : null
  if (parts === null) return fault(`must be ${forms}`)
  const [, scheme, mode = 'single', credentials, hosts = '', path = ''] = parts
  const servers = hosts.split(',').map((host) => readServer(host, mode === 'sentinel' ? 26_379 : 6379))
  if (!servers.every((server) => server !== undefined))
    return fault(`has a server that is not HOST or HOST:PORT`)
  if (mode === 'single' && servers.length > 1)
    return fault('names several servers: write redis+cluster:// or redis+sentinel://')
  const steps = path.split('/').filter((step) => step !== '')
  const master = mode === 'sentinel' ? steps.shift() : undefined
  if (mode === 'sentinel' && master === undefined)
    return fault('must end in the name by which the Sentinels know the server, such as /mymaster')
  const database = steps.shift() ?? '0'
  if (steps.length > 0 || !/^\d{1,5}$/.test(database)) return fault('must end after the number of a database')
  if (mode === 'cluster' && database !== '0') return fault('names a database, which clusters do not have')
  const known = readCredentials(credentials)
  if (known === undefined) return fault('has credentials that are not USER:PASSWORD, percent-encoded')
  return {
    kind: 'redis',
    mode: mode as RedisLocation['mode'],
    tls: scheme === 'rediss',
    servers,
    master,
    database: Number(database),
    ...known,
    shown: `${scheme}${parts[2] === undefined ? '' : `+${mode}`}://${hosts}${path}`,
  }
}

function readServer(text: string, port: number): { host: string; port: number } | undefined {
  // A scheme that URL does not know, so that no port counts as its default and is left out.
  const url = URL.canParse(`store://${text}`) ? new URL(`store://${text}`) : undefined
  if (url === undefined || url.hostname === '' || url.port === '0' || /\s/.test(text)) return undefined
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? port : Number(url.port) }
}

function readCredentials(
  text: string | undefined,
): { username: string | undefined; password: string | undefined } | undefined {
  if (text === undefined) return { username: undefined, password: undefined }
  const colon = text.indexOf(':')
  try {
    const username = decodeURIComponent(colon === -1 ? text : text.slice(0, colon))
    const password = colon === -1 ? '' : decodeURIComponent(text.slice(colon + 1))
    return { username: username || undefined, password: password || undefined }
  } catch {
    return undefined
  }
}

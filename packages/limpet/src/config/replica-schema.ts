import { basename, normalize, resolve } from 'node:path'
import { z } from 'zod'
import { type ReportFault, scalar, section, shown } from './field.ts'

/** Where a replica is reached. */
export interface ReplicaOrigin {
  /** `http://host:port` or `https://host:port`, the port always written; or `unix:` and a path. */
  readonly url: string
  readonly protocol: 'http' | 'https'
  /** A name or a bare IP address, without brackets; `localhost` with `socketPath`. */
  readonly host: string
  /** 0 with `socketPath`. */
  readonly port: number
  /** The path of the Unix socket that it listens at in place of a port. */
  readonly socketPath?: string
}

/** The longest path of a Unix socket in bytes: `sun_path` of unix(7), without the 0 at its end. */
export const maxSocketPathBytes = process.platform === 'linux' ? 107 : 103

/** One replica of a service. */
export interface ReplicaConfig extends ReplicaOrigin {
  /** Unique in the service; stands for the replica in metrics, logs and routing suffixes. */
  readonly name: string
  /** Its share of new sessions, against the others' weights. */
  readonly weight: number
  /** Whether it keeps its sessions and gets no new ones. */
  readonly drain: boolean
}

function originField() {
  const doc = { title: 'replica URL', pattern: String.raw`^(?:https?://[^/?#@\s]+/?|unix:.+)$` }
  return scalar<string, ReplicaOrigin>(doc, readOrigin)
}

const namePattern = /^[A-Za-z0-9._:[\]-]{1,128}$/

/** `http(s)://HOST[:PORT]` or `unix:PATH`, or a mapping of `url`, `name`, `weight` and `drain`. */
export const replicaSchema = z
  .union([
    originField(),
    section({
      url: originField().describe(
        'http or https, a host and perhaps a port; no path, query or credentials. Or `unix:PATH`: a Unix socket.',
      ),
      name: z
        .string()
        .regex(namePattern, 'must be 1 to 128 letters, digits or . _ : - [ ]')
        .optional()
        .describe(
          'What metrics, logs and routing suffixes call the replica; unique in the service. By default host:port of its URL, or the last part of the path of its socket. A replica that keeps its name keeps its sessions when its address changes.',
        ),
      weight: z
        .number()
        .positive()
        .max(1000)
        .prefault(1)
        .describe("Its share of new sessions, against the other replicas' weights."),
      drain: z
        .boolean()
        .prefault(false)
        .describe(
          'Keep the sessions it has, and give it no new ones: the way to empty a replica before it stops.',
        ),
    }),
  ])
  .transform((replica, context): ReplicaConfig => {
    const origin = 'weight' in replica ? replica.url : replica
    const name = ('weight' in replica ? replica.name : undefined) ?? defaultName(origin)
    if (!namePattern.test(name))
      context.addIssue({ code: 'custom', message: `can't be named for ${shown(name)}: give it a name` })
    return {
      ...origin,
      name,
      weight: 'weight' in replica ? replica.weight : 1,
      drain: 'drain' in replica && replica.drain,
    }
  })

function defaultName({ url, socketPath }: ReplicaOrigin): string {
  return socketPath === undefined ? url.slice(url.indexOf('//') + 2) : basename(socketPath)
}

function readOrigin(value: unknown, fault: ReportFault): ReplicaOrigin {
  if (typeof value === 'string' && value.startsWith('unix:')) return readSocket(value.slice(5), fault)
  const wrong = `must be http://HOST:PORT, https://HOST:PORT or unix:PATH, not ${shown(value)}`
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || url.hostname === '') return fault(wrong)
  const protocol = url.protocol.slice(0, -1)
  if (protocol !== 'http' && protocol !== 'https') return fault(wrong)
  if (url.username !== '' || url.password !== '') return fault('must not hold credentials')
  if (url.pathname !== '/' || /[?#]/.test(value as string)) {
    return fault('must end after the port: a replica has no path or query')
  }
  if (url.port === '0') return fault('has port 0, which nothing can listen on')
  const port = url.port === '' ? (protocol === 'http' ? 80 : 443) : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { url: `${protocol}://${url.hostname}:${port}`, protocol, host, port }
}

function readSocket(path: string, fault: ReportFault): ReplicaOrigin {
  if (path === '' || path.endsWith('/') || path.includes('\0'))
    return fault('must name a socket: unix:PATH, such as unix:/run/app/1.sock')
  return socketOrigin(normalize(path))
}

function socketOrigin(socketPath: string): ReplicaOrigin {
  return { url: `unix:${socketPath}`, protocol: 'http', host: 'localhost', port: 0, socketPath }
}

/** `replica` with its socket's path, if it has one, from `folder` on. */
export function withAbsoluteSocket(replica: ReplicaConfig, folder: string): ReplicaConfig {
  if (replica.socketPath === undefined) return replica
  return { ...replica, ...socketOrigin(resolve(folder, replica.socketPath)) }
}

/** What is wrong with the path of a replica's socket, once it is absolute. */
export function socketPathFault({ socketPath = '' }: ReplicaConfig): string | undefined {
  const bytes = Buffer.byteLength(socketPath)
  if (bytes <= maxSocketPathBytes) return undefined
  return `has a socket whose path is ${bytes} bytes long, and the system takes ${maxSocketPathBytes}: use a shorter one (${shown(socketPath)})`
}

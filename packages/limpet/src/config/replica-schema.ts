import { z } from 'zod'
import { type ReportFault, scalar, section, shown } from './field.ts'

/** Where a replica is reached. */
export interface ReplicaOrigin {
  /** `http://host:port` or `https://host:port`, the port always written. */
  readonly url: string
  readonly protocol: 'http' | 'https'
  /** A name or a bare IP address, without brackets. */
  readonly host: string
  readonly port: number
}

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
  const doc = { title: 'replica URL', pattern: String.raw`^https?://[^/?#@\s]+/?$` }
  return scalar<string, ReplicaOrigin>(doc, readOrigin)
}

/** `http(s)://HOST[:PORT]`, or a mapping of `url`, `name`, `weight` and `drain`. */
export const replicaSchema = z
  .union([
    originField(),
    section({
      url: originField().describe('http or https, a host and perhaps a port; no path, query or credentials.'),
      name: z
        .string()
        .regex(/^[A-Za-z0-9._:[\]-]{1,128}$/, 'must be 1 to 128 letters, digits or . _ : - [ ]')
        .optional()
        .describe(
          'What metrics, logs and routing suffixes call the replica; unique in the service. By default host:port of its URL. A replica that keeps its name keeps its sessions when its address changes.',
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
  .transform((replica): ReplicaConfig => {
    const origin = 'weight' in replica ? replica.url : replica
    const name = 'weight' in replica ? replica.name : undefined
    return {
      ...origin,
      name: name ?? origin.url.slice(origin.url.indexOf('//') + 2),
      weight: 'weight' in replica ? replica.weight : 1,
      drain: 'drain' in replica && replica.drain,
    }
  })

function readOrigin(value: unknown, fault: ReportFault): ReplicaOrigin {
  const wrong = `must be http://HOST:PORT or https://HOST:PORT, not ${shown(value)}`
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

import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'
import { isHostName } from './address.ts'
import { scalar, section, shown } from './field.ts'

function hostField() {
  const doc = { title: 'host', pattern: String.raw`^(?:\*\.)?[^:/*\s]+$|^\[[0-9A-Fa-f:.]+\]$` }
  return scalar<string, string>(doc, (value, fault) => {
    if (typeof value !== 'string') return fault(`must be a host, not ${shown(value)}`)
    const host = value.toLowerCase()
    if (/^[^[]*:\d*$/.test(host)) return fault('must be without a port: requests for any port match')
    const name = host.startsWith('*.') ? host.slice(2) : host
    const isAddress = name === host && (isIPv4(name) || (/^\[.*\]$/.test(name) && isIPv6(name.slice(1, -1))))
    if (isAddress || isHostName(name)) return host
    return fault(`must be a host such as chat.example.com or *.example.com, not ${shown(value)}`)
  })
}

function pathField() {
  const doc = { title: 'path', pattern: '^/[^?#\\s]*$' }
  return scalar<string, string>(doc, (value, fault) => {
    if (typeof value !== 'string' || !/^\/[^?#\s]*$/.test(value)) {
      return fault(`must be a path that starts with /, without a query, not ${shown(value)}`)
    }
    return value.length > 1 ? value.replace(/\/+$/, '') || '/' : value
  })
}

const oneMatch = section({
  host: hostField()
    .optional()
    .describe(
      'The host of the request, without a port: a name, an address, or `*.example.com` for every name below example.com. By default any.',
    ),
  path: pathField()
    .prefault('/')
    .describe('The start of the path: `/v1` matches `/v1` and `/v1/chat`, not `/v10`.'),
}).transform(({ host, path }) => ({ host, path }))

/** Which requests are the service's: one match or a list of them. */
export const matchSchema = z
  .union([oneMatch, z.array(oneMatch).min(1, 'must hold a match: an empty list matches nothing')])
  .transform((match) => (Array.isArray(match) ? match : [match]))

/** A request matches when its host does (undefined: any; lower case; `*.` for a suffix) and its path begins so. */
export type MatchConfig = z.output<typeof oneMatch>

import type { ListenAddress } from './address.ts'
import type { ReportFaultAt } from './field.ts'
import type { ServiceConfig } from './service-schema.ts'

/** How many replicas a process can count; slots are numbered from 0 to one less. */
export const maxReplicas = 16_384

/** Reports what is wrong between the services, and between them and the rest of the config. */
export function checkServices(
  config: {
    readonly listen: ListenAddress
    readonly admin: ListenAddress | undefined
    readonly workers: number
    readonly services: readonly ServiceConfig[]
  },
  fault: ReportFaultAt,
): void {
  const { listen, admin, services } = config
  if (admin !== undefined && admin.port === listen.port && admin.port !== 0 && admin.host === listen.host) {
    fault(['admin'], 'must not be the same as listen')
  }
  checkNames(services, fault)
  checkMatches(services, fault)
  checkCookies(services, fault)
  const replicas = services.reduce((sum, service) => sum + service.replicas.length, 0)
  if (replicas > maxReplicas) fault(['services'], `hold ${replicas} replicas; the most is ${maxReplicas}`)
  if (config.workers === 0) return
  for (const [index, service] of services.entries()) {
    const source = service.session.findIndex(({ kind }) => kind === 'function')
    if (source === -1) continue
    fault(
      ['services', index, 'session', source],
      'is a function, which worker threads cannot share: set workers to 0, or write module:PATH',
    )
  }
}

function checkNames(services: readonly ServiceConfig[], fault: ReportFaultAt): void {
  const seen = new Map<string, number>()
  for (const [index, { name }] of services.entries()) {
    const earlier = seen.get(name)
    if (earlier === undefined) seen.set(name, index)
    else fault(['services', index, 'name'], `is taken: services[${earlier}] is ${name} too`)
  }
}

function checkMatches(services: readonly ServiceConfig[], fault: ReportFaultAt): void {
  const seen = new Map<string, string>()
  for (const [index, service] of services.entries()) {
    for (const match of service.match) {
      const key = `${match.host ?? '*'}${match.path}`
      const earlier = seen.get(key)
      if (earlier !== undefined) {
        fault(
          ['services', index, 'match'],
          `takes ${describe(match)}, which service ${earlier} already takes`,
        )
      }
      seen.set(key, earlier ?? service.name)
    }
  }
}

function describe({ host, path }: ServiceConfig['match'][number]): string {
  return `${path === '/' ? 'all paths' : `the path ${path}`} of ${host ?? 'any host'}`
}

/**
 * A browser sends a cookie to every service within the cookie's reach; were two services to use the same
 * name there, each would keep replacing the other's.
 */
function checkCookies(services: readonly ServiceConfig[], fault: ReportFaultAt): void {
  const owners = services.filter(({ session }) => session.some(({ kind }) => kind === 'own-cookie'))
  for (const [position, later] of owners.entries()) {
    const names = cookieNames(later)
    const earlier = owners
      .slice(0, position)
      .find(
        (other) => cookieNames(other).some((name) => names.includes(name)) && reachOneAnother(other, later),
      )
    if (earlier === undefined) continue
    const shared = cookieNames(earlier).find((name) => names.includes(name))
    fault(
      ['services', services.indexOf(later), 'cookie'],
      `is named ${shared} like the cookie of service ${earlier.name}, and browsers would send either to both: give it another name or path`,
    )
  }
}

function cookieNames({ cookie }: ServiceConfig): string[] {
  return cookie.pair ? [cookie.name, `${cookie.name}SameSite`] : [cookie.name]
}

function reachOneAnother(a: ServiceConfig, b: ServiceConfig): boolean {
  if (!pathsOverlap(a.cookie.path, b.cookie.path)) return false
  return hostsOf(a).some((one) => hostsOf(b).some((other) => hostsOverlap(one, other)))
}

function hostsOf({ cookie, match }: ServiceConfig): (string | undefined)[] {
  if (cookie.domain === undefined) return match.map(({ host }) => host)
  return [cookie.domain, `*.${cookie.domain}`]
}

/** RFC 6265, section 5.1.4: a cookie's path covers what lies below it, segment by segment. */
function pathsOverlap(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a]
  return longer === shorter || longer.startsWith(shorter.endsWith('/') ? shorter : `${shorter}/`)
}

function hostsOverlap(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true
  const belowA = a.startsWith('*.') && b.replace(/^\*/, '').endsWith(a.slice(1))
  const belowB = b.startsWith('*.') && a.replace(/^\*/, '').endsWith(b.slice(1))
  return belowA || belowB
}

import type { CookieConfig } from './cookie-schema.ts'
import type { ReportFaultAt } from './field.ts'
import type { ReplicaConfig } from './replica-schema.ts'
import { listOf, type Sources } from './session-source.ts'

/** The parts of a service, as written, that rules compare with one another. */
interface ServiceParts {
  readonly dialect: 'header' | 'cookie' | 'sagemaker' | 'mcp'
  readonly replicas: readonly ReplicaConfig[]
  readonly session?: Sources | undefined
  readonly cookie?: CookieConfig | undefined
  readonly sagemaker?: object | undefined
  readonly mcp?: object | undefined
  readonly ttl?: number | undefined
  readonly maxAge: number
}

/** Reports what is wrong between the fields of one service. */
export function checkService(service: ServiceParts, fault: ReportFaultAt): void {
  if (service.maxAge !== 0 && (service.ttl ?? 0) > service.maxAge)
    fault(['ttl'], 'must not be longer than maxAge')
  checkReplicas(service.replicas, fault)
  if (service.dialect === 'sagemaker' && service.session !== undefined)
    fault(['session'], 'has no effect: with dialect: sagemaker the replicas name the sessions')
  if (service.dialect !== 'sagemaker' && service.sagemaker !== undefined)
    fault(['sagemaker'], 'has no effect without dialect: sagemaker')
  if (service.dialect !== 'mcp' && service.mcp !== undefined)
    fault(['mcp'], 'has no effect without dialect: mcp')
  checkSources(service, fault)
}

function checkReplicas(replicas: readonly ReplicaConfig[], fault: ReportFaultAt): void {
  const names = new Map<string, number>()
  const urls = new Map<string, number>()
  for (const [index, { name, url }] of replicas.entries()) {
    const sameUrl = urls.get(url)
    const sameName = names.get(name)
    if (sameUrl !== undefined) fault(['replicas', index], `repeats ${url}, the URL of replicas[${sameUrl}]`)
    else if (sameName !== undefined)
      fault(['replicas', index], `repeats ${name}, the name of replicas[${sameName}]`)
    urls.set(url, sameUrl ?? index)
    names.set(name, sameName ?? index)
  }
}

function checkSources(service: ServiceParts, fault: ReportFaultAt): void {
  const sources = service.session === undefined ? [] : listOf(service.session)
  const seen = new Set<string>()
  for (const [index, source] of sources.entries()) {
    const key = JSON.stringify(source)
    if (source.kind !== 'function' && seen.has(key)) fault(['session', index], 'repeats an earlier source')
    seen.add(key)
  }
  const setsCookie = service.dialect === 'cookie' || sources.some((source) => source.kind === 'own-cookie')
  const cookieName = service.cookie?.name ?? 'limpet'
  const ownNames = service.cookie?.pair === true ? [cookieName, `${cookieName}SameSite`] : [cookieName]
  if (service.cookie !== undefined && !setsCookie) {
    fault(['cookie'], 'has no effect: add cookie to session, or set dialect: cookie')
  }
  for (const [index, source] of sources.entries()) {
    if (!setsCookie || source.kind !== 'cookie' || !ownNames.includes(source.name)) continue
    fault(['session', index], `is the router's own cookie; write cookie, or name another`)
  }
}

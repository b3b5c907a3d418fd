import type { ConfigInput } from '../config/schema.ts'
import type { FlagValues } from './flag-values.ts'

/** What a config file would hold in place of flags for one service. Values are checked by the schema, not here. */
export function inputOf(values: FlagValues): ConfigInput {
  const one = (name: string, key = name) => {
    const value = values.get(name)?.[0]
    return value === undefined ? {} : { [key]: value }
  }
  const number = (name: string, key = name) => {
    const value = values.get(name)?.[0]
    return value === undefined ? {} : { [key]: /^\d+$/.test(value) ? Number(value) : value }
  }
  const endpoint = values.get('endpoint')?.[0]
  const isSagemaker = values.get('dialect')?.[0] === 'sagemaker'
  const session = values.get('session')
  const keys = values.get('keys')?.[0]
  const begins = values.get('cookie-begins')?.[0] as 'navigation' | undefined
  return {
    ...one('listen'),
    ...one('admin'),
    ...number('workers'),
    ...one('store'),
    ...(keys !== undefined && { keys: { file: keys } }),
    ...(values.has('access-log') && { log: { access: 'stdout' } }),
    services: [
      {
        name: 'default',
        replicas: [...(values.get('replica') ?? [])],
        ...(session !== undefined && { session: [...session] }),
        ...(begins !== undefined && { cookie: { begins } }),
        ...one('dialect'),
        ...((isSagemaker || endpoint !== undefined) && { sagemaker: { endpoint: endpoint ?? '*' } }),
        ...number('max-sessions', 'maxSessions'),
        ...one('balance'),
        ...one('on-lost', 'onLost'),
        ...one('ttl'),
      },
    ],
  }
}

/** The name of the flag whose value stands at `path` of what `inputOf` makes. */
export function flagOf(path: readonly PropertyKey[]): string {
  const key = String(path[0] === 'services' ? (path[2] ?? 'replicas') : path[0])
  const singular: Readonly<Record<string, string>> = {
    replicas: 'replica',
    cookie: 'cookie-begins',
    onLost: 'on-lost',
    sagemaker: 'endpoint',
    maxSessions: 'max-sessions',
  }
  return singular[key] ?? key
}

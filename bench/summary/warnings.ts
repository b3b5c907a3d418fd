import { directId, type Result } from './result.ts'
import { median } from './statistics.ts'

/**
 * What a reader must know before trusting a result: where the load side had no time left, so that throughput and
 * latency say more about it than about the proxy, and on whose core others worked. Empty when all is well. Reads the metrics `proxyPercent`, `othersPercent` and `loadPercent`; a result without them has no warnings.
 */
export function warnings(result: Result): string[] {
  const of = (subject: string, key: string) =>
    median(
      result.samples
        .filter((sample) => sample.subject === subject)
        .flatMap((sample) => sample.values[key] ?? []),
    )
  const proxies = result.subjects.filter(({ id }) => id !== directId)
  const bounded = proxies.filter(
    ({ id }) => of(id, 'loadPercent') > 95 && of(id, 'proxyPercent') + of(id, 'othersPercent') < 90,
  )
  const disturbed = proxies.filter(({ id }) => of(id, 'othersPercent') > 5)
  const names = (subjects: typeof proxies) => subjects.map(({ title }) => title).join(', ')
  return [
    ...(bounded.length > 0
      ? [`the load side was the limit, of throughput and latency but not of CPU time, for ${names(bounded)}`]
      : []),
    ...(disturbed.length > 0
      ? [`noisy: others took over 5 % of the proxy's core from ${names(disturbed)}`]
      : []),
  ]
}

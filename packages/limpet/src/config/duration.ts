import { type ReportFault, scalar, shown } from './field.ts'

const msPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const pattern = String.raw`(?:\d+(?:ms|s|m|h|d))+`
const wholeDuration = new RegExp(`^${pattern}$`)

/** The longest a Node timer can wait is 2^31 - 1 ms, which is a little under 25 days. */
export const maxTimerMs = 24 * msPerUnit.d

/** The longest life of a pin or a cookie. */
export const maxLifeMs = 400 * msPerUnit.d

/** Milliseconds of a duration such as `500ms`, `20m` or `1h30m`; undefined when `text` is none. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 32 || !wholeDuration.test(text)) return undefined
  let totalMs = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    totalMs += Number(count) * msPerUnit[unit as keyof typeof msPerUnit]
  }
  return totalMs
}

/** A duration of at least 1 ms; `mayBeOff` also takes `off`, which becomes 0. */
export function durationField(options: { mayBeOff?: boolean; maxMs?: number } = {}) {
  const { mayBeOff = false, maxMs = maxTimerMs } = options
  const title = mayBeOff ? 'duration or off' : 'duration'
  const doc = { title, pattern: mayBeOff ? `^(?:off|${pattern})$` : `^${pattern}$` }
  return scalar<string, number>(doc, (value, fault) => {
    if (mayBeOff && value === 'off') return 0
    return readDuration(value, mayBeOff, maxMs, fault)
  })
}

function readDuration(value: unknown, mayBeOff: boolean, maxMs: number, fault: ReportFault): number {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined
  if (ms === undefined) {
    return fault(`must be a duration such as 20m or 500ms${mayBeOff ? ', or off' : ''}, not ${shown(value)}`)
  }
  if (ms === 0)
    return fault(mayBeOff ? 'must be longer than nothing; write off' : 'must be longer than nothing')
  if (ms > maxMs) return fault(`must be at most ${maxMs / msPerUnit.d}d, not ${shown(value)}`)
  return ms
}

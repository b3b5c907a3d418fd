import type { SignedRequest } from './canonical-request.ts'

/** When a request was signed. */
export interface SignatureDate {
  /** The field that tells it, which must be signed. */
  readonly field: 'x-amz-date' | 'date'
  /** `YYYYMMDDTHHMMSSZ`, as the string to sign has it. */
  readonly stamp: string
  readonly atMs: number
}

const IMF_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|\+0000|-0000)$/

/**
 * The date of X-Amz-Date, or of Date where there is none: `YYYYMMDDTHHMMSSZ`, in Date also an HTTP date (RFC 9110
 * §5.6.7) with the zone that Python writes. Undefined when there is none or it is no such date.
 */
export function signatureDate(request: SignedRequest): SignatureDate | undefined {
  const amzDate = request.header('x-amz-date')
  if (amzDate !== undefined) return dateOf('x-amz-date', amzDate)
  const date = request.header('date')
  if (date === undefined) return undefined
  if (!IMF_DATE.test(date)) return dateOf('date', date)
  const atMs = Date.parse(date)
  return Number.isNaN(atMs) ? undefined : { field: 'date', stamp: stampOf(atMs), atMs }
}

function dateOf(field: SignatureDate['field'], stamp: string): SignatureDate | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  const atMs = Date.UTC(year, month - 1, day, hour, minute, second)
  // A day or hour that is not in the calendar has become another.
  return stampOf(atMs) === stamp ? { field, stamp, atMs } : undefined
}

function stampOf(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d{3}|[-:]/g, '')
}

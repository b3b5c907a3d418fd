import { suffixLength } from '../../session/id-suffix.ts'

/** The field that names a session, in requests and in some containers' answers. */
export const SESSION_FIELD = 'x-amzn-sagemaker-session-id'

/** What a client sends to begin a session. */
export const NEW_SESSION = 'NEW_SESSION'

/** The longest session id that the API knows. */
const MOST_ID_LENGTH = 256

const idPattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/

/** Whether it is what the API takes for the id of a session that exists. */
export function isSessionId(text: string): boolean {
  return text.length <= MOST_ID_LENGTH && idPattern.test(text)
}

/** Whether a container's session id leaves room for the routing suffix. */
export function isRoutableId(id: string): boolean {
  return id.length + suffixLength <= MOST_ID_LENGTH && isSessionId(id)
}

/** What a container says of a session in a header field: `ID` or `ID; Expires=TIME`. */
export interface SaidSession {
  readonly id: string
  /** Undefined where there is no expiry, or none that can be read. */
  readonly expiresAtMs: number | undefined
}

/** Reads such a field's value. */
export function parseSaidSession(value: string): SaidSession {
  const [id = '', ...parameters] = value.split(';')
  const expires = parameters.map((parameter) => /^\s*expires=(.+?)\s*$/i.exec(parameter)?.[1]).find(Boolean)
  const expiresAtMs = expires === undefined ? Number.NaN : parseTime(expires)
  return { id: id.trim(), expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs }
}

/** ISO 8601 with a date and a time; without an offset it is UTC, as every container means it. */
function parseTime(text: string): number {
  const [, time, offset = 'Z'] =
    /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? []
  return time === undefined ? Number.NaN : Date.parse(`${time.replace(' ', 'T')}${offset}`)
}

/** The value of the field that tells a client of its new session: whole seconds of UTC. */
export function sayNewSession(id: string, expiresAtMs: number): string {
  const seconds = Math.floor(expiresAtMs / 1000)
  return `${id}; Expires=${new Date(seconds * 1000).toISOString().replace('.000', '')}`
}

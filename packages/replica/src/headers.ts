import type { IncomingMessage } from 'node:http'
import { BadRequestError } from './errors.ts'

/** In the canonical casing, since some clients compare case-sensitively. */
export const sessionIdHeader = 'X-Amzn-SageMaker-Session-Id'
export const newSessionIdHeader = 'X-Amzn-SageMaker-New-Session-Id'
export const closedSessionIdHeader = 'X-Amzn-SageMaker-Closed-Session-Id'
/** On requests of a session that the router has moved: how often. */
export const epochHeader = 'limpet-epoch'
/** On refusals of this library: the stable code. */
export const errorHeader = 'limpet-error'

/** What asks for a new session, as a session id and as a `requestType`. */
export const newSession = 'NEW_SESSION'

/** The session that a request names; undefined when it names none. */
export function sessionIdOf({ headers }: IncomingMessage): string | undefined {
  return textOf(headers[sessionIdHeader.toLowerCase()])
}

/**
 * The epoch that a request carries; 0 when it carries none.
 * @throws {BadRequestError} when it is not a number
 */
export function epochOf({ headers }: IncomingMessage): number {
  const text = textOf(headers[epochHeader]) ?? '0'
  if (!/^\d{1,15}$/.test(text)) throw new BadRequestError(`${epochHeader} must be a whole number`)
  return Number(text)
}

/** The value of the New-Session-Id header: `<id>; Expires=YYYY-MM-DDThh:mm:ssZ`, whole seconds in UTC. */
export function newSessionValue({ id, expiresAtMs }: { id: string; expiresAtMs: number }): string {
  return `${id}; Expires=${new Date(expiresAtMs).toISOString().replace(/\.\d+/, '')}`
}

function textOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value.join(', ') : value
  return text?.trim() || undefined
}

import { type CaseContext, CaseFailure, type ConformanceCase, demand, passed, pause } from './case.ts'
import type { RawClient } from './client.ts'
import type { ReceivedResponse } from './parse-response.ts'
import type { SeenRequest } from './recording-replica.ts'

/** How long to look for something that must not happen. */
export const settleMs = 40

/** A whole request of the case that owns `token`. `fields` are whole field lines, without line ends. */
export function request(
  method: string,
  token: string,
  fields: readonly string[] = [],
  body = '',
  path = '',
): string {
  const lines = [`${method} /${token}${path} HTTP/1.1`, 'Host: a', `x-session: ${token}`, ...fields]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

export function get(token: string, fields: readonly string[] = [], path = ''): string {
  return request('GET', token, fields, '', path)
}

export function post(token: string, fields: readonly string[], body = '', path = ''): string {
  return request('POST', token, fields, body, path)
}

/** A chunked POST whose body is `chunks` as given. */
export function postChunked(token: string, chunks: string, fields: readonly string[] = []): string {
  return post(token, ['Transfer-Encoding: chunked', ...fields], chunks)
}

/** Sends `bytes` on a fresh connection and returns the answer, with what the replica saw of it so far. */
export async function exchange(
  context: CaseContext,
  bytes: string,
  options: { readonly head?: boolean; readonly waitMs?: number } = {},
): Promise<{ client: RawClient; response: ReceivedResponse; seen: readonly SeenRequest[] }> {
  const client = await context.connect()
  client.send(bytes)
  const response = await client.response(options)
  return { client, response, seen: context.replica.seen(context.token) }
}

/** The single request that the replica saw of this case; anything else fails the case. */
export function onlyRequest(context: CaseContext): SeenRequest {
  const seen = context.replica.seen(context.token)
  const [first] = seen
  demand(seen.length === 1 && first !== undefined, `the replica sees ${seen.length} requests`)
  return first
}

/** Demands status 200. */
export function demandOk(response: ReceivedResponse): void {
  demand(response.status === 200, `answers ${response.status}`)
  demand(response.complete, 'the answer is cut')
}

/** What `refuses` requires. */
export interface Refusal extends Omit<ConformanceCase, 'run'> {
  /** What is sent: bytes for the case's token. */
  readonly bytes: (token: string) => string
  readonly statuses: readonly number[]
  /** The proxy must close the connection after its answer. */
  readonly close?: boolean
  /** Not one byte of the request may reach the replica. By default no whole request may. */
  readonly replicaSeesNothing?: boolean
}

/** A case in which the proxy must refuse what is sent. */
export function refuses(refusal: Refusal): ConformanceCase {
  const { bytes, statuses, close = false, replicaSeesNothing = false, ...rest } = refusal
  return {
    ...rest,
    run: async (context) => {
      await demandRefused(context, bytes(context.token), statuses, close)
      if (replicaSeesNothing) demand(!context.replica.mentions(context.token), 'the replica sees some of it')
      return passed
    },
  }
}

/** Sends `bytes` and demands a refusal; what reached the replica must be cut off, never completed. */
export async function demandRefused(
  context: CaseContext,
  bytes: string,
  statuses: readonly number[],
  close: boolean,
): Promise<void> {
  const { token, replica } = context
  const client = await context.connect()
  client.send(bytes)
  const response = await client.response().catch((error: unknown) => {
    if (error instanceof CaseFailure) throw new CaseFailure(error.message + shortly(replica.seen(token)))
    throw error
  })
  const seen = shortly(replica.seen(token))
  demand(statuses.includes(response.status), `answers ${response.status}${seen}`)
  if (close) demand((await client.closed(1000)) !== 'open', `answers ${response.status}, stays open`)
  await pause(settleMs)
  demand(!replica.seen(token).some((each) => each.request.complete), `answers ${response.status}${seen}`)
  const aborted = () => replica.seen(token).every((each) => each.connection.closedAtMs !== undefined)
  demand(await replica.until(aborted, 500), 'leaves the replica with half a request')
}

function shortly(seen: readonly SeenRequest[]): string {
  const whole = seen.filter((each) => each.request.complete).length
  if (whole > 0) return `; the replica sees ${whole === 1 ? 'a request' : `${whole} requests`}`
  return seen.length > 0 ? '; the replica sees half a request' : ''
}

/** A case in which the request must be forwarded and answered with 200; `check` looks at what arrived. */
export function forwards(
  spec: Omit<ConformanceCase, 'run'> & {
    readonly bytes: (token: string) => string
    /** Statuses of a refusal that is accepted too. */
    readonly orRefuses?: readonly number[]
    readonly check: (seen: SeenRequest, response: ReceivedResponse, context: CaseContext) => void
  },
): ConformanceCase {
  const { bytes, orRefuses = [], check, ...rest } = spec
  return {
    ...rest,
    run: async (context) => {
      const { response } = await exchange(context, bytes(context.token))
      await pause(settleMs)
      if (orRefuses.includes(response.status)) {
        const whole = context.replica.seen(context.token).some((each) => each.request.complete)
        demand(!whole, `answers ${response.status}, yet the replica sees a request`)
        return passed
      }
      demandOk(response)
      const seen = onlyRequest(context)
      demand(seen.request.complete, 'the replica sees half a request')
      check(seen, response, context)
      return passed
    },
  }
}

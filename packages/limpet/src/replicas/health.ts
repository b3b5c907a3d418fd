import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { connect } from 'node:net'
import type { HealthConfig, ReplicaConfig } from '../config/schema.ts'
import { isLocalFault } from './local-fault.ts'
import type { Health } from './replica-board.ts'

/** A replica whose health is watched. */
export interface Watched {
  readonly replica: ReplicaConfig
  /** Called when the verdict changes, and once with the first one. `reason` says what failed. */
  onChange(health: Health, reason: string): void
}

/** A check that could not be made for want of something here; it says nothing of the replica. */
const UNKNOWN = Symbol('unknown')

/** What failed; `answered` where the replica itself said so. */
interface Failed {
  readonly reason: string
  readonly answered: boolean
}

type Finding = Failed | undefined | typeof UNKNOWN

/** Checks once, as `watchHealth` does; resolves to what failed, or undefined where nothing did. */
export async function checkHealth(replica: ReplicaConfig, config: HealthConfig): Promise<string | undefined> {
  const failure = await probe(replica, config)
  return failure === UNKNOWN ? 'the check could not be made' : failure?.reason
}

/**
 * Checks one replica again and again: a GET of `path`, or a connection where there is none. A replica is taken
 * to be up until checks say otherwise. Ends, with its timer and socket, when `signal` aborts.
 */
export function watchHealth(watched: Watched, config: HealthConfig, signal: AbortSignal): void {
  let verdict: Health | undefined
  let streak = 0
  let lastUp = true
  let timer: NodeJS.Timeout | undefined

  const judge = (failure: Failed | undefined): void => {
    const health = failure === undefined ? 'up' : failure.answered ? 'unready' : 'down'
    const up = health === 'up'
    streak = up === lastUp ? streak + 1 : 1
    lastUp = up
    const enough = streak >= (up ? config.healthy : config.unhealthy)
    if (!enough || verdict === health) return
    verdict = health
    watched.onChange(health, failure?.reason ?? 'the check passed')
  }
  const check = async (): Promise<void> => {
    const failure = await probe(watched.replica, config)
    if (signal.aborted) return
    if (failure !== UNKNOWN) judge(failure)
    timer = setTimeout(check, config.intervalMs)
    timer.unref()
  }
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void check()
}

/** One check; resolves to what failed, or undefined where nothing did. Never takes much longer than the timeout. */
function probe(replica: ReplicaConfig, config: HealthConfig): Promise<Finding> {
  return config.path === undefined ? probeConnect(replica, config) : probeHttp(replica, config.path, config)
}

function probeConnect(
  { host, port, socketPath }: ReplicaConfig,
  { timeoutMs }: HealthConfig,
): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect(socketPath === undefined ? { host, port } : { path: socketPath })
    const end = (failure: Finding) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(failure)
    }
    const timer = setTimeout(() => end(silent(`no connection within ${timeoutMs} ms`)), timeoutMs)
    socket.once('connect', () => end(undefined))
    socket.on('error', (error) => end(describe(error)))
  })
}

function probeHttp(replica: ReplicaConfig, path: string, { timeoutMs }: HealthConfig): Promise<Finding> {
  const get = replica.protocol === 'https' ? getHttps : getHttp
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { 'user-agent': 'limpet-health', connection: 'close' }
    const { host, port, socketPath } = replica
    const place = socketPath === undefined ? { host, port } : { socketPath }
    const options = { ...place, path, headers, signal, agent: false } as const
    const request = get(options, (response: IncomingMessage) => {
      response.resume()
      response.on('error', () => undefined)
      const status = response.statusCode ?? 0
      resolve(status >= 200 && status < 400 ? undefined : { reason: `status ${status}`, answered: true })
      request.destroy()
    })
    request.on('error', (error) =>
      resolve(signal.aborted ? silent(`no answer within ${timeoutMs} ms`) : describe(error)),
    )
  })
}

function describe(error: NodeJS.ErrnoException): Finding {
  // Too busy to accept for some checks in a row is as good as gone.
  if (error.code === 'EAGAIN') return silent('the queue of its socket is full')
  return isLocalFault(error) ? UNKNOWN : silent(error.code ?? error.message)
}

function silent(reason: string): Failed {
  return { reason, answered: false }
}

import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { connect } from 'node:net'
import type { HealthConfig, ReplicaConfig } from '../config/schema.ts'
import { isLocalFault } from './local-fault.ts'

/** A replica whose health is watched. */
export interface Watched {
  readonly replica: ReplicaConfig
  /** Called when the verdict changes, and once with the first one. `reason` says what failed. */
  onChange(up: boolean, reason: string): void
}

/** A check that could not be made for want of something here; it says nothing of the replica. */
const UNKNOWN = Symbol('unknown')

type Finding = string | undefined | typeof UNKNOWN

/**
 * Checks one replica again and again: a GET of `path`, or a TCP connect where there is none. A replica is taken
 * to be up until checks say otherwise. Ends, with its timer and socket, when `signal` aborts.
 */
export function watchHealth(watched: Watched, config: HealthConfig, signal: AbortSignal): void {
  let verdict: boolean | undefined
  let streak = 0
  let lastUp = true
  let timer: NodeJS.Timeout | undefined

  const judge = (failure: string | undefined): void => {
    const up = failure === undefined
    streak = up === lastUp ? streak + 1 : 1
    lastUp = up
    const enough = streak >= (up ? config.healthy : config.unhealthy)
    if (!enough || verdict === up) return
    verdict = up
    watched.onChange(up, failure ?? 'the check passed')
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
  return config.path === undefined ? probeTcp(replica, config) : probeHttp(replica, config.path, config)
}

function probeTcp({ host, port }: ReplicaConfig, { timeoutMs }: HealthConfig): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (failure: Finding) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(failure)
    }
    const timer = setTimeout(() => end(`no connection within ${timeoutMs} ms`), timeoutMs)
    socket.once('connect', () => end(undefined))
    socket.on('error', (error) => end(describe(error)))
  })
}

function probeHttp(replica: ReplicaConfig, path: string, { timeoutMs }: HealthConfig): Promise<Finding> {
  const get = replica.protocol === 'https' ? getHttps : getHttp
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const headers = { 'user-agent': 'limpet-health', connection: 'close' }
    const { host, port } = replica
    const request = get({ host, port, path, headers, signal, agent: false }, (response: IncomingMessage) => {
      response.resume()
      response.on('error', () => undefined)
      const status = response.statusCode ?? 0
      resolve(status >= 200 && status < 400 ? undefined : `status ${status}`)
      request.destroy()
    })
    request.on('error', (error) =>
      resolve(signal.aborted ? `no answer within ${timeoutMs} ms` : describe(error)),
    )
  })
}

function describe(error: NodeJS.ErrnoException): string | typeof UNKNOWN {
  return isLocalFault(error) ? UNKNOWN : (error.code ?? error.message)
}

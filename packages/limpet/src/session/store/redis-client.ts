import { createClient, createCluster, createSentinel } from '@redis/client'
import type { RedisLocation } from '../../config/store-url.ts'

/** What a store asks of a client, whether that speaks to one server, or finds it by Sentinels or in a cluster. */
export interface RedisClient {
  readonly isCluster: boolean
  evalSha(sha1: string, call: RedisCall): Promise<unknown>
  eval(source: string, call: RedisCall): Promise<unknown>
  get(key: string): Promise<unknown>
  mGet(keys: string[]): Promise<readonly unknown[]>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  /** Ends connections and calls under way. Never throws. */
  destroy(): void
}

export interface RedisCall {
  readonly keys: string[]
  readonly arguments: string[]
}

/** Connects. `failed` is called when the connection is lost later; `signal` gives up one that is being made. */
export type ConnectRedis = (failed: (error: Error) => void, signal: AbortSignal) => Promise<RedisClient>

/** What a URL does not hold. Read for each connection, so that secrets can be renewed. */
export interface RedisSecrets {
  readonly password: string | undefined
  readonly sentinelPassword: string | undefined
  /** PEM of the authorities that sign the servers' certificates; undefined: those that Node trusts. */
  readonly ca: string | undefined
}

const CONNECT_MS = 2000

/** Connects to what `location` names, by node-redis. A lost connection is not made anew: its user does that. */
export function connectRedis(location: RedisLocation, secrets: () => Promise<RedisSecrets>): ConnectRedis {
  return async (failed, signal) => {
    const client = createFor(location, await secrets())
    let isOpen = false
    let isDestroyed = false
    const destroy = (): void => {
      if (isDestroyed) return
      isDestroyed = true
      try {
        client.destroy()
      } catch {
        // It says so when it was closed before.
      }
    }
    client.on('error', (error: Error) => {
      // Sentinels and clusters go on by themselves after the loss of one of several connections.
      if (isOpen && !isDestroyed && location.mode === 'single') failed(error)
    })
    const abort = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new Error('the server did not answer in time'))
      if (signal.aborted) giveUp()
      else signal.addEventListener('abort', giveUp, { once: true })
    })
    try {
      await Promise.race([client.connect(), abort])
      isOpen = true
    } catch (error) {
      destroy()
      throw error
    }
    return {
      isCluster: location.mode === 'cluster',
      evalSha: (sha1, call) => client.evalSha(sha1, call),
      eval: (source, call) => client.eval(source, call),
      get: (key) =>
        client.get(key).catch((error: Error) => {
          if (error.message.startsWith('WRONGTYPE')) return undefined
          throw error
        }),
      mGet: (keys) => client.mGet(keys),
      subscribe: (channel, listener) => client.subscribe(channel, listener),
      destroy,
    }
  }
}

/** What the three kinds of clients have in common, as far as it is used here. */
interface AnyClient {
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  evalSha(sha1: string, call: RedisCall): Promise<unknown>
  eval(source: string, call: RedisCall): Promise<unknown>
  get(key: string): Promise<unknown>
  mGet(keys: string[]): Promise<readonly unknown[]>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

function createFor(location: RedisLocation, secrets: RedisSecrets): AnyClient {
  const { mode, tls, servers, master, database, username } = location
  const password = location.password ?? secrets.password
  const security = tls ? { tls: true as const, ...(secrets.ca !== undefined && { ca: secrets.ca }) } : {}
  const login = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) }
  const timing = { connectTimeout: CONNECT_MS }
  const [first] = servers
  if (mode === 'single') {
    return createClient({
      ...login,
      database,
      disableOfflineQueue: true,
      socket: { ...first!, ...security, ...timing, reconnectStrategy: false },
    }) as AnyClient
  }
  const socket = { ...security, ...timing }
  if (mode === 'cluster') {
    return createCluster({
      rootNodes: servers.map((server) => ({ ...login, socket: { ...server, ...socket } })),
      defaults: { ...login, socket },
    }) as unknown as AnyClient
  }
  const { sentinelPassword } = secrets
  return createSentinel({
    name: master!,
    sentinelRootNodes: [...servers],
    nodeClientOptions: { ...login, database, socket },
    sentinelClientOptions: { ...(sentinelPassword !== undefined && { password: sentinelPassword }), socket },
  }) as unknown as AnyClient
}

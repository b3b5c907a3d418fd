import { createClient, createCluster, RESP_TYPES } from '@redis/client'
import { NoSpaceError, ReplicaError, SettingsError, StoreError } from '../errors.ts'
import { isOutOfMemory, redisOptions } from '../redis-options.ts'
import { withinTime } from '../within-time.ts'

/** The few commands that the store needs, on one server or on a cluster. Each throws `StoreError | NoSpaceError`. */
export interface RedisConnection {
  /** Runs a script on keys of one hash slot. */
  evaluate(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>
  set(key: string, value: Buffer, expiresAtMs: number): Promise<void>
  get(key: string): Promise<Buffer | undefined>
  /** Keys of one hash slot. */
  unlink(keys: readonly string[]): Promise<void>
  close(): Promise<void>
}

export interface RedisAddress {
  /** `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss:` for TLS. */
  readonly url: string
  /** Whether `url` is a node of a Redis Cluster; false by default. */
  readonly cluster?: boolean
  /** How long connecting, and each command, may take; 5 s by default. */
  readonly timeoutMs?: number
}

/** What is used of the client of one server and of that of a cluster. */
interface Client {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): void
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  set(key: string, value: Buffer, options: { expiration: { type: 'PXAT'; value: number } }): Promise<unknown>
  get(key: string): Promise<Buffer | null>
  unlink(keys: string[]): Promise<unknown>
}

/**
 * Connects. A connection that is lost is made again by itself; commands fail meanwhile, at once.
 * @throws {SettingsError} when the URL can't be used
 * @throws {StoreError} when there is no answer in time
 */
export async function connectRedis(address: RedisAddress): Promise<RedisConnection> {
  const { timeoutMs = 5000 } = address
  const client = clientFor(address, timeoutMs)
  // Commands say what is wrong; without a listener the process would end.
  client.on('error', () => {})
  const run = <T>(work: Promise<T>): Promise<T> => inTime(work, timeoutMs)
  try {
    await run(client.connect())
  } catch (error) {
    client.destroy()
    throw error
  }
  return {
    evaluate: (script, keys, args) => run(client.eval(script, { keys: [...keys], arguments: [...args] })),
    set: async (key, value, expiresAtMs) => {
      await run(client.set(key, value, { expiration: { type: 'PXAT', value: expiresAtMs } }))
    },
    get: async (key) => (await run(client.get(key))) ?? undefined,
    unlink: async (keys) => {
      await run(client.unlink([...keys]))
    },
    close: async () => client.destroy(),
  }
}

function clientFor({ url, cluster = false }: RedisAddress, timeoutMs: number): Client {
  const options = redisOptions(url, timeoutMs)
  const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer }
  try {
    const { username, password, protocol } = new URL(url)
    if (!cluster) return createClient({ ...options, commandOptions: { typeMapping } })
    const { url: _, socket, ...others } = options
    const defaults = {
      ...others,
      socket: protocol === 'rediss:' ? { ...socket, tls: true } : socket,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    }
    return createCluster({ rootNodes: [options], defaults, commandOptions: { typeMapping } })
  } catch (cause) {
    throw new SettingsError('The URL of the Redis store can not be used.', { cause })
  }
}

/** Waits for `work` no longer than `ms`, and turns its errors into this library's. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  try {
    return await withinTime(work, ms)
  } catch (cause) {
    if (cause instanceof ReplicaError) throw cause
    if (isOutOfMemory(cause)) throw new NoSpaceError({ cause })
    throw new StoreError('The Redis store of sessions does not answer, or refused the command.', { cause })
  }
}

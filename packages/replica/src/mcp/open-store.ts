import { fileURLToPath } from 'node:url'
import { SettingsError } from '../errors.ts'
import { createFileStore } from '../store/file-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { connectRedis, type RedisAddress } from '../store/redis-connection.ts'
import { redisSessionKey, redisStoreOn } from '../store/redis-store.ts'
import type { SessionStore } from '../store/store.ts'
import { defaultEventLimits, type EventLimits, type EventLog } from './events/event-log.ts'
import { createFileEventLog } from './events/file-event-log.ts'
import { createMemoryEventLog } from './events/memory-event-log.ts'
import { createRedisEventLog } from './events/redis-event-log.ts'

/** Where MCP sessions are kept, with their events. */
export interface McpStore {
  readonly sessions: SessionStore
  readonly events: EventLog
  close(): Promise<void>
}

export interface McpStoreOptions extends Omit<RedisAddress, 'url'> {
  /** Begins all keys in Redis; `limpet:mcp:` by default. */
  readonly prefix?: string
  readonly events?: Partial<EventLimits>
}

/**
 * Opens a store by its address: `redis://…` or `rediss://…` (also Valkey), `file:PATH` for several processes on one
 * machine, `memory` for one process.
 * @throws {SettingsError} when the address can't be used
 * @throws {StoreError} when the server does not answer
 */
export async function openMcpStore(address: string, options: McpStoreOptions = {}): Promise<McpStore> {
  const { prefix = 'limpet:mcp:', events, ...redis } = options
  const limits = { ...defaultEventLimits, ...events }
  if (address === 'memory') {
    const sessions = createMemoryStore()
    return storeOf(sessions, createMemoryEventLog(sessions, limits))
  }
  if (address.startsWith('file:')) {
    const path = pathOf(address)
    return storeOf(await createFileStore({ path }), createFileEventLog(path, limits))
  }
  if (/^rediss?:/.test(address)) {
    const connection = await connectRedis({ ...redis, url: address })
    const sessionKey = (id: string): string => redisSessionKey(id, prefix)
    return storeOf(redisStoreOn(connection, prefix), createRedisEventLog(connection, sessionKey, limits))
  }
  throw new SettingsError('The store must be memory, file:PATH, redis://… or rediss://….')
}

function storeOf(sessions: SessionStore, events: EventLog): McpStore {
  return { sessions, events, close: () => sessions.close() }
}

function pathOf(address: string): string {
  const path = address.startsWith('file://') ? fileURLToPath(address) : address.slice('file:'.length)
  if (path === '') throw new SettingsError('The store file: needs a path, as in file:./sessions.')
  return path
}

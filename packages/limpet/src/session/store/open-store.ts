import { readFile } from 'node:fs/promises'
import type { StoreConfig } from '../../config/store-schema.ts'
import { memoryStore } from './memory-store.ts'
import type { OpenPinStore } from './pin-store.ts'
import type { RedisSecrets } from './redis-client.ts'

/** The store that a config names. Nothing is opened, read or loaded until it is called. */
export function storeOf(config: StoreConfig, environment: NodeJS.ProcessEnv = process.env): OpenPinStore {
  const { location } = config
  switch (location.kind) {
    case 'memory':
      return memoryStore()
    case 'sqlite':
      return async (events, signal) => {
        const { sqliteStore } = await import('./sqlite-store.ts')
        return sqliteStore(location.path)(events, signal)
      }
    case 'redis':
      return async (events, signal) => {
        const { redisStore } = await import('./redis-store.ts')
        const { connectRedis } = await import('./redis-client.ts')
        return redisStore(connectRedis(location, () => readSecrets(config, environment)))(events, signal)
      }
  }
}

/** The files win over the environment. Rejects when one can't be read. */
async function readSecrets(
  { passwordFile, caFile }: StoreConfig,
  environment: NodeJS.ProcessEnv,
): Promise<RedisSecrets> {
  const read = async (path: string | undefined) => path && (await readFile(path, 'utf8'))
  return {
    // Editors and `kubectl create secret --from-file` leave a line end.
    password:
      (await read(passwordFile))?.replace(/\r?\n$/, '') ?? (environment.LIMPET_STORE_PASSWORD || undefined),
    sentinelPassword: environment.LIMPET_STORE_SENTINEL_PASSWORD || undefined,
    ca: await read(caFile),
  }
}

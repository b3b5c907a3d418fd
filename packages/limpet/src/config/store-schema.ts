import { z } from 'zod'
import { durationField } from './duration.ts'
import { section } from './field.ts'
import { type StoreLocation, storeUrlField } from './store-url.ts'

/** A store of pins that routers share. */
export interface StoreConfig {
  readonly location: StoreLocation
  readonly passwordFile: string | undefined
  readonly caFile: string | undefined
  /** The most records that wait to be written. */
  readonly queue: number
  readonly lookupTimeoutMs: number
}

const defaults = { queue: 100_000, lookupTimeoutMs: 250 }

const file = () => z.string().min(1, 'must not be empty').optional()

/** A store's URL, or a mapping of it and what else the store needs. */
export const storeSchema = z
  .union([
    storeUrlField(),
    section({
      url: storeUrlField().describe(
        '`sqlite:PATH`: a file for the routers of one machine. `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`: a Redis (6 or newer) or Valkey server; `rediss://` speaks TLS. `redis+sentinel://HOST:PORT,HOST:PORT/MASTER[/DATABASE]`: the server that Sentinels name. `redis+cluster://HOST:PORT,HOST:PORT`: a cluster. `memory:`: nothing is shared; for tests.',
      ),
      passwordFile: file().describe(
        'A file with the password, where the URL holds none. By default the password is that of the environment variable `LIMPET_STORE_PASSWORD`; that of Sentinels is always `LIMPET_STORE_SENTINEL_PASSWORD`.',
      ),
      caFile: file().describe(
        "A PEM file with the authorities that sign the servers' certificates, in place of those that Node trusts.",
      ),
      queue: z
        .int()
        .min(1000)
        .max(10_000_000)
        .prefault(defaults.queue)
        .describe(
          'The most records that wait to be written, as while the store is down; about 400 bytes each. What finds no room is counted and said.',
        ),
      lookupTimeout: durationField({ maxMs: 10_000 })
        .prefault('250ms')
        .describe(
          'How long a request whose session is not known here waits for the store, before it is placed without.',
        ),
    }),
  ])
  .transform((store): StoreConfig => {
    if (!('url' in store)) return { location: store, passwordFile: undefined, caFile: undefined, ...defaults }
    const { url: location, passwordFile, caFile, queue, lookupTimeout } = store
    return { location, passwordFile, caFile, queue, lookupTimeoutMs: lookupTimeout }
  })

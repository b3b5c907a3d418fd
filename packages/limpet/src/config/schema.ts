import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { addressRangeField, listenField, listenOrOffField } from './address.ts'
import { rule, section } from './field.ts'
import { limitsSchema, poolSchema, timeoutsSchema } from './limits-schema.ts'
import { checkServices } from './rules.ts'
import { serviceSchema } from './service-schema.ts'
import { tokenPattern } from './session-source.ts'
import { storeSchema } from './store-schema.ts'

/** The whole configuration, as a file holds it and as `createRouter` takes it. */
export const configSchema = section({
  listen: listenField()
    .prefault('127.0.0.1:8080')
    .describe('Where clients connect. An empty host listens on every address of the machine.'),
  admin: listenOrOffField()
    .prefault('off')
    .describe(
      'Where the admin listener is: metrics, liveness and readiness. Keep it on loopback or a network of your own.',
    ),
  workers: z
    .int()
    .min(0)
    .max(512)
    .optional()
    .transform((workers) => workers ?? availableParallelism())
    .describe(
      'Threads that serve clients. By default one for each core. 0 serves in the calling thread, which only the library can.',
    ),
  keys: section({
    file: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe(
        'The file with the keys that sign cookies and suffixes. A relative path starts at the folder of the config file. By default the keys come from the environment variable `LIMPET_KEYS`, else from `limpet/keys` below `$XDG_STATE_HOME` (or `~/.local/state`), a file that the first start makes.',
      ),
  })
    .prefault({})
    .transform(({ file }) => ({ file }))
    .describe('What signs cookies and routing suffixes, and keys the hashes of sessions.'),
  pins: section({
    capacity: z
      .int()
      .min(1024)
      .max(100_000_000)
      .prefault(1_000_000)
      .describe('How many pins the table can hold; the memory for all of them is taken at the start.'),
  })
    .prefault({})
    .describe('The table of sessions that clients name themselves.'),
  store: storeSchema
    .optional()
    .describe(
      'A store of pins that routers share: what one has placed, moved or closed, the others learn, and so does the same router after a restart. Without it sessions that clients name themselves are known to this process alone.',
    ),
  trustedProxies: z
    .array(addressRangeField())
    .prefault([])
    .describe("Peers whose X-Forwarded-* fields are believed: addresses or CIDRs. Others' are replaced."),
  forwarded: z.boolean().prefault(false).describe('Also send the Forwarded field of RFC 7239 to replicas.'),
  via: z
    .string()
    .max(128)
    .regex(tokenPattern, 'must be a token: letters, digits and - _ . and the like')
    .optional()
    .describe("This router's name in the Via field. By default derived from the keys."),
  limits: limitsSchema.prefault({}).describe('How much a client may send and hold.'),
  timeouts: timeoutsSchema.prefault({}).describe('How long to wait, and for what.'),
  pool: poolSchema.prefault({}).describe('Idle connections to replicas.'),
  log: section({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .prefault('info')
      .describe('The least severe log lines to write.'),
    access: z
      .enum(['off', 'stdout'])
      .prefault('off')
      .describe('Where to write one JSON line for each request.'),
  })
    .prefault({})
    .describe('What the router writes about itself and its requests.'),
  services: z.array(serviceSchema).min(1, 'must hold a service').describe('What is routed, and where to.'),
})
  .check(rule(checkServices))
  .transform(({ via, store, ...config }) => ({ ...config, via, store }))

/** What users write: durations are strings with a unit, and nearly everything may be absent. */
export type ConfigInput = z.input<typeof configSchema>
/** One service as users write it. */
export type ServiceInput = z.input<typeof serviceSchema>

/** A whole configuration with every default filled in; times are milliseconds, 0 where `off` was meant. */
export type Config = z.output<typeof configSchema>

export type { AddressRange, ListenAddress } from './address.ts'
export type { CookieConfig } from './cookie-schema.ts'
export type { EjectionConfig, HealthConfig } from './health-schema.ts'
export type { LimitsConfig, PoolConfig, TimeoutsConfig } from './limits-schema.ts'
export type { MatchConfig } from './match-schema.ts'
export type { ReplicaConfig, ReplicaOrigin } from './replica-schema.ts'
export type {
  BalancePolicy,
  BoundConfig,
  Dialect,
  McpConfig,
  SagemakerConfig,
  ServiceConfig,
} from './service-schema.ts'
export type {
  SessionFunction,
  SessionHead,
  SessionSourceConfig,
  SessionSourceInput,
} from './session-source.ts'
export type { StoreConfig } from './store-schema.ts'

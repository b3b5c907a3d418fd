import type { Config, ServiceConfig } from '../config/schema.ts'
import { createCookieDialect } from '../dialects/cookie.ts'
import type { Dialect, DialectParts } from '../dialects/dialect.ts'
import { createHeaderDialect } from '../dialects/header.ts'
import { createMcpDialect } from '../dialects/mcp/dialect.ts'
import { createSagemakerDialect } from '../dialects/sagemaker/dialect.ts'
import type { HttpContext } from '../http/http-context.ts'
import { ReplicaPool } from '../http/replica-pool.ts'
import { createBounded } from '../placement/bounded.ts'
import { createLeastLoad } from '../placement/least-load.ts'
import type { PlacementPolicy } from '../placement/placement.ts'
import { createBalancePolicy } from '../placement/policies.ts'
import { createRendezvous } from '../placement/rendezvous.ts'
import type { ReplicaBoard } from '../replicas/replica-board.ts'
import { type Replica, ReplicaSet } from '../replicas/replica-set.ts'
import type { PinTable } from '../session/pin-table.ts'
import { replicaTag } from '../session/routing-claim.ts'
import { createSessionHasher } from '../session/siphash.ts'
import type { Turns } from '../session/turns.ts'

/** A service as one thread routes to it, in one version of the config. */
export interface RoutedService {
  readonly config: ServiceConfig
  /** The place of its counters. */
  readonly index: number
  readonly dialect: Dialect
  /** Whether a session can be named by the client's address. */
  readonly readsAddress: boolean
  /** The hash of a session key; holds until the next call. */
  readonly hashOf: (sessionKey: string) => Uint32Array
  readonly replicas: ReplicaSet
  /** The Host that each replica is to see, where the service replaces the client's. */
  readonly hosts: readonly string[] | undefined
  /** Connections, place by place as `replicas.replicas`. */
  readonly pools: readonly ReplicaPool[]
  /** Where sessions are placed. */
  readonly placement: PlacementPolicy
  /** Where sessions are placed whose names the replicas give, so that hashing has nothing to decide by. */
  readonly newcomers: PlacementPolicy
  /** Where requests without a session go. */
  readonly balance: PlacementPolicy
  /** Set where a session's requests are to go one at a time. */
  readonly turns: Turns | undefined
  /** The tag that clients know a replica by, made with the signing key; place by place. */
  readonly tags: readonly string[]
  /** The place of the replica that a client's tag names, or -1. */
  indexOfTag(keyId: number, tag: string): number
}

/** What a thread builds its services with. */
export interface ServiceParts extends DialectParts {
  readonly board: ReplicaBoard
  readonly pins: PinTable
  readonly context: HttpContext
  /** Lets a session's requests go one at a time, on all threads. */
  readonly turns: Turns
}

/**
 * Builds a service. Pools of `previous` whose replica and address stayed are taken over, so that a reload drops
 * no connection; the caller closes the others.
 */
export function createRoutedService(
  config: Config,
  service: ServiceConfig,
  index: number,
  ids: readonly number[],
  parts: ServiceParts,
  previous: RoutedService | undefined,
): RoutedService {
  const { keyring } = parts
  const replicas = new ReplicaSet(service, ids, parts.board, parts.pins)
  const byTag = new Map<string, number>()
  for (const [place, replica] of replicas.replicas.entries()) {
    for (const { id } of keyring.keys)
      byTag.set(`${id}.${replicaTag(keyring, id, service.name, replica.name)}`, place)
  }
  const { bound } = service
  const hash = createSessionHasher(keyring.hashKey, service.name)
  const hashed = new Uint32Array(4)
  return {
    config: service,
    index,
    dialect: createDialect(service, parts),
    readsAddress: service.session.some(({ kind }) => kind === 'ip'),
    hashOf: (sessionKey) => {
      hash(sessionKey, hashed)
      return hashed
    },
    replicas,
    hosts:
      service.host === 'replica'
        ? replicas.replicas.map(({ config }) => (config.socketPath ? config.host : new URL(config.url).host))
        : undefined,
    pools: replicas.replicas.map((replica) => poolFor(replica, config, parts.context, previous)),
    placement: createBounded(createRendezvous(), bound ?? { factor: Number.POSITIVE_INFINITY, gap: 0 }),
    newcomers: createLeastLoad(),
    turns: service.serialize ? parts.turns : undefined,
    // Kept, so that a reload does not send everyone's next request to the first of the list.
    balance:
      previous?.config.balance === service.balance ? previous.balance : createBalancePolicy(service.balance),
    tags: replicas.replicas.map(({ name }) => replicaTag(keyring, keyring.keys[0].id, service.name, name)),
    indexOfTag: (keyId, tag) => byTag.get(`${keyId}.${tag}`) ?? -1,
  }
}

function createDialect(service: ServiceConfig, parts: DialectParts): Dialect {
  if (service.dialect === 'sagemaker') return createSagemakerDialect(service, parts)
  const usesCookie = service.session.some(({ kind }) => kind === 'own-cookie')
  const named = usesCookie ? createCookieDialect(service, parts) : createHeaderDialect(service, parts)
  return service.dialect === 'mcp' ? createMcpDialect(service, parts, named) : named
}

function poolFor(
  replica: Replica,
  config: Config,
  context: HttpContext,
  previous: RoutedService | undefined,
): ReplicaPool {
  const { host, port, protocol, socketPath } = replica.config
  const address = { host, port, tls: protocol === 'https', ...(socketPath !== undefined && { socketPath }) }
  const place = previous?.replicas.indexOf(replica.id) ?? -1
  const known = previous?.pools[place]
  if (known?.serves(address, config.pool)) return known
  return new ReplicaPool(address, config.pool, context)
}

import { z } from 'zod'
import { durationField } from './duration.ts'
import { inMs, rule, section } from './field.ts'

const count = (least: number, most = Number.MAX_SAFE_INTEGER) => z.int().min(least).max(most)

/** How much a client may send and hold. */
export const limitsSchema = section({
  headBytes: count(1024, 1_048_576)
    .prefault(16_384)
    .describe('The largest head of a request or a response, in bytes; larger requests are refused with 431.'),
  headerCount: count(8, 1000)
    .prefault(100)
    .describe('The most header fields in a head; more are refused with 431.'),
  targetBytes: count(64, 1_048_576)
    .prefault(8192)
    .describe('The longest request target (path and query), in bytes; longer ones are refused with 414.'),
  bodyBytes: count(0)
    .prefault(0)
    .describe('The largest request body, in bytes; larger ones are refused with 413. 0 sets no limit.'),
  bodyRate: count(0)
    .prefault(256)
    .describe(
      'The least bytes per second at which a request body must come, on average; slower ones are refused with 408 once `timeouts.requestBody` is used up. 0 sets no rate, only that timeout between bytes.',
    ),
  connections: count(0, 1_000_000)
    .prefault(0)
    .describe(
      'The most client connections at a time, over all workers. 0: as many as file descriptors allow (`ulimit -n`), two for each.',
    ),
  connectionsPerClient: count(0, 1_000_000)
    .prefault(0)
    .describe('The most connections at a time from one client address. 0 sets no limit.'),
}).check(
  rule((limits, fault) => {
    if (limits.targetBytes <= limits.headBytes) return
    fault(
      ['targetBytes'],
      `must be at most headBytes (${limits.headBytes}), since the target is part of the head`,
    )
  }),
)

/** How long to wait, and for what. 0 stands for `off`. */
export const timeoutsSchema = section({
  head: durationField()
    .prefault('10s')
    .describe(
      'For a whole request head: from the start of the connection, or on a kept one from the first byte of the head.',
    ),
  idle: durationField().prefault('75s').describe('For the next request on a kept-alive client connection.'),
  connect: durationField().prefault('2s').describe('For a replica to accept a connection, TLS included.'),
  response: durationField({ mayBeOff: true })
    .prefault('5m')
    .describe("For the head of the replica's response, once the request is sent."),
  stream: durationField({ mayBeOff: true })
    .prefault('5m')
    .describe(
      'For the next bytes of a response body. Event streams may be silent for longer: they are exempt.',
    ),
  tunnelIdle: durationField({ mayBeOff: true })
    .prefault('1h')
    .describe('For the next bytes in either direction of an upgraded connection (WebSocket).'),
  tunnelPing: durationField({ mayBeOff: true })
    .prefault('off')
    .describe(
      'How long an end of a WebSocket may be silent before it is pinged, and after that once more before the connection is given up. Takes the place of `tunnelIdle` there: a WebSocket whose ends answer stays open.',
    ),
  requestBody: durationField({ mayBeOff: true })
    .prefault('30s')
    .describe(
      'For bytes of a request body that the router is ready to take: how long it may stall, and lag behind `limits.bodyRate`.',
    ),
  writeStall: durationField({ mayBeOff: true })
    .prefault('60s')
    .describe('For a peer that takes no bytes while the router has some for it.'),
  shutdown: durationField()
    .prefault('30s')
    .describe('For requests that are under way when the router is told to stop; then they are cut.'),
}).transform((timeouts) =>
  inMs(timeouts, [
    'head',
    'idle',
    'connect',
    'response',
    'stream',
    'tunnelIdle',
    'tunnelPing',
    'requestBody',
    'writeStall',
    'shutdown',
  ]),
)

/** Idle connections to replicas. */
export const poolSchema = section({
  idle: durationField()
    .prefault('4s')
    .describe(
      "How long an idle connection to a replica is kept. Keep it below the replica's own keep-alive timeout (5 s in Node and Uvicorn), or requests meet connections that are being closed.",
    ),
  maxIdle: count(0, 65_536).prefault(256).describe('The most idle connections for each replica and worker.'),
}).transform((pool) => inMs(pool, ['idle']))

export type LimitsConfig = z.output<typeof limitsSchema>
export type TimeoutsConfig = z.output<typeof timeoutsSchema>
export type PoolConfig = z.output<typeof poolSchema>

/** A router with shared memory and no sockets: the tests play the data path. */
import { configFromInput } from './config/load.ts'
import type { ServiceInput } from './config/schema.ts'
import type { HttpContext } from './http/http-context.ts'
import type { RequestHead } from './http/request-head.ts'
import type { ResponseHead } from './http/response-head.ts'
import type { ExchangeSummary, Route } from './http/route.ts'
import { AccessLog, type AccessRecord } from './observe/access-log.ts'
import { CounterReader, Counters, createCounterMemory } from './observe/counters.ts'
import { createBoardMemory, ReplicaBoard } from './replicas/replica-board.ts'
import { MAX_SLOTS } from './replicas/replica-id.ts'
import { Router } from './router.ts'
import type { RouterParts } from './routing/router-parts.ts'
import { SessionStreams } from './routing/session-streams.ts'
import { Tunnels } from './routing/tunnels.ts'
import { createKeyring } from './session/keyring.ts'
import { LocalRecords } from './session/local-records.ts'
import { createPinMemory } from './session/pin-memory.ts'
import { PinTable } from './session/pin-table.ts'
import { RecentTexts } from './session/recent-texts.ts'
import { createSessionHasher } from './session/siphash.ts'
import { LocalTurns } from './session/turns.ts'

const PORTS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }

export interface SampleRouter {
  readonly router: Router
  readonly board: ReplicaBoard
  readonly pins: PinTable
  readonly counters: CounterReader
  readonly records: AccessRecord[]
  readonly sourceErrors: unknown[]
  /** What the wall clock says to the router. */
  readonly clock: { wallMs: number }
  /** The hash that a session of this key is pinned by. */
  hashOf(sessionKey: string): Uint32Array
  /** Frees the pins that have expired by now. */
  sweep(): void
  /** Routes by these replicas of a service `app`. A replica's slot is its place in the alphabet. */
  configure(names: string, service?: Partial<ServiceInput>): void
  /** Routes one request; the caller goes on with it. */
  route(headers?: Readonly<Record<string, string>>, target?: string, peer?: string, method?: string): Route
  /** Routes one and lets its replica answer. */
  answer(headers?: Readonly<Record<string, string>>): Route
}

export function sampleRouter(
  names: string,
  service: Partial<ServiceInput> = {},
  parts: Partial<RouterParts> = {},
): SampleRouter {
  const memory = createCounterMemory(MAX_SLOTS)
  const board = new ReplicaBoard(createBoardMemory(1), 0)
  const pins = new PinTable(createPinMemory({ capacity: 1024 }))
  const records: AccessRecord[] = []
  const sourceErrors: unknown[] = []
  const accessLog = new AccessLog((batch) => records.push(...batch))
  const clock = { wallMs: Date.now() }
  const keyring = createKeyring([{ id: 1, secret: Buffer.alloc(32, 1) }])
  const hash = createSessionHasher(keyring.hashKey, 'app')
  const router = new Router({
    keyring,
    modules: new Map(),
    accessKeys: new Map(),
    board,
    pins,
    turns: new LocalTurns(),
    records: new LocalRecords(),
    idsAtReplicas: new RecentTexts(),
    streams: new SessionStreams(),
    tunnels: new Tunnels(board),
    // All else is asked for by connections, and none is made.
    context: { turn: clock } as unknown as HttpContext,
    counters: new Counters(memory),
    accessLog,
    isTrusted: (address) => address.startsWith('10.'),
    onSourceError: (_, error) => sourceErrors.push(error),
    ...parts,
  })
  const sample: SampleRouter = {
    router,
    board,
    pins,
    counters: new CounterReader([memory]),
    records,
    sourceErrors,
    clock,
    hashOf(sessionKey) {
      const hashed = new Uint32Array(4)
      hash(sessionKey, hashed)
      return hashed
    },
    sweep() {
      let bucket = 0
      do bucket = pins.sweep(clock.wallMs, bucket, 1024)
      while (bucket !== 0)
    },
    configure(list, more = {}) {
      const replicas = [...list].map((name) => ({ url: `http://127.0.0.1:${PORTS[name]}`, name }))
      const config = configFromInput({
        workers: 0,
        services: [{ name: 'app', replicas, ...service, ...more }],
      })
      const ids = [...list].map((name) => PORTS[name]!)
      for (const id of ids) if (board.mode(id) === undefined) board.add(id, 'ready')
      router.configure(config, [0], [ids])
    },
    route(headers = {}, target = '/', peer = '127.0.0.1', method = 'GET') {
      const head = {
        method,
        target,
        host: 'example.com',
        peerAddress: peer,
        upgrade: headers.upgrade ?? '',
        header: (name: string) => headers[name],
      }
      return router.route(head as unknown as RequestHead, { address: peer, proto: 'http' })
    },
    answer(headers) {
      const route = sample.route(headers)
      route.responded({} as ResponseHead)
      finish(route)
      accessLog.flush()
      return route
    },
  }
  sample.configure(names)
  return sample
}

/** Ends a route as the data path does. */
export function finish(route: Route, summary: Partial<ExchangeSummary> = {}): void {
  route.finished({
    method: 'GET',
    target: '/',
    peer: { address: '127.0.0.1', proto: 'http' },
    status: 200,
    refusal: undefined,
    aborted: false,
    retries: 0,
    requestBytes: 0,
    responseBytes: 0,
    durationMs: 1,
    upgraded: false,
    tunnelEnd: undefined,
    ...summary,
  })
}

/** The name of the replica that a route has chosen. */
export function replicaOf(route: Route): string {
  return Object.keys(PORTS)[route.pool.address.port - 1]!
}

/** `hit`, `moved; reason=down` and so on. */
export function decisionOf(route: Route): string | undefined {
  return /limpet-decision: ([^\r]+)/.exec(route.responseLines)?.[1]
}

/** The slot of a replica by its name. */
export function slotOfName(name: string): number {
  return PORTS[name]!
}

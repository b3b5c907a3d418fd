import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import { AdminServer } from '../admin/admin-server.ts'
import { BrokerServer } from '../channel/broker-server.ts'
import { restartNeeded } from '../config/diff.ts'
import { loadKeyring } from '../config/load-keys.ts'
import type { Config } from '../config/schema.ts'
import { StartError } from '../errors.ts'
import { CounterReader } from '../observe/counters.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { ProcessCounts } from '../observe/process-metrics.ts'
import { Fleet } from '../replicas/fleet.ts'
import { ReplicaBoard } from '../replicas/replica-board.ts'
import type { Keyring } from '../session/keyring.ts'
import { LocalRecords } from '../session/local-records.ts'
import { noReplica } from '../session/pin-memory.ts'
import { PinScan } from '../session/pin-scan.ts'
import { PinTable } from '../session/pin-table.ts'
import { storeOf } from '../session/store/open-store.ts'
import { claimPort } from './claim-port.ts'
import { connectionsByDescriptors } from './descriptors.ts'
import { PinRefresh } from './pin-refresh.ts'
import { PinSessions } from './pin-sessions.ts'
import { PinSweep } from './pin-sweep.ts'
import { createSharedMemory, type SharedMemory } from './shared-memory.ts'
import { StoreKeeper } from './store-keeper.ts'
import { StoredRecords } from './stored-records.ts'
import { type ServingThreads, serveHere, WorkerThreads } from './threads.ts'

/** Where a router that has started can be reached. */
export interface Started {
  readonly url: string
  readonly adminUrl: string | undefined
}

/** What a router can be given besides its config. */
export interface SupervisorOptions {
  /** Opens the channel's broker at the admin listener, for who brings this token; see `BrokerServer`. */
  readonly channel?: { readonly token: string } | undefined
  /** The processes behind its replicas, where the program runs them; for metrics. */
  readonly processes?: () => readonly ProcessCounts[]
}

/**
 * A router as a whole, run from the main thread: it makes the shared memory, starts the serving threads, keeps
 * watch over replicas and pins, answers at the admin listener, and puts new configs in force.
 */
export class Supervisor {
  readonly #log: Logger
  readonly #keyring: Keyring
  readonly #threads: ServingThreads
  readonly #fleet: Fleet
  readonly #sweep: PinSweep
  readonly #keeper: StoreKeeper | undefined
  readonly #refresh: PinRefresh | undefined
  readonly #stored: StoredRecords | undefined
  readonly #admin: AdminServer
  #config: Config
  #state: 'new' | 'serving' | 'closing' = 'new'
  /** Reloads and the close come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Throws StartError and LimpetError where keys can't be had. Nothing listens yet. */
  constructor(config: Config, log: Logger, options: SupervisorOptions = {}) {
    this.#config = config
    this.#log = log
    this.#keyring = this.#loadKeys(config)
    const serving = Math.max(1, config.workers)
    const memory = createSharedMemory(serving, config.pins.capacity)
    const board = new ReplicaBoard(memory.board, serving)
    const pins = new PinTable(memory.pins)
    const counters = new CounterReader(memory.counters)
    this.#fleet = new Fleet(board, counters, log)
    this.#sweep = new PinSweep(pins, memory.pins.buckets)
    const keeper = this.#keeperOf(memory)
    this.#keeper = keeper
    const stored = keeper && new StoredRecords(keeper, this.#fleet)
    this.#stored = stored
    const records = new LocalRecords(stored)
    this.#refresh =
      keeper &&
      new PinRefresh(new PinScan(memory.pins), memory.pins.buckets, {
        get free() {
          return keeper.free
        },
        offer: (key, ...pin) => {
          keeper.offer(key, ...pin)
          records.touch(key)
        },
      })
    const { workers } = config
    const channelToken = options.channel?.token ?? process.env.LIMPET_CHANNEL_TOKEN
    const broker = channelToken ? new BrokerServer(channelToken) : undefined
    const metrics = createMetrics({
      counters,
      board,
      pins,
      records,
      fleet: this.#fleet,
      workers,
      store: keeper,
      channel: broker,
      processes: options.processes,
    })
    const token = process.env.LIMPET_ADMIN_TOKEN
    this.#admin = new AdminServer({
      metrics,
      isReady: () => this.#state === 'serving',
      sessions: new PinSessions(memory.pins, this.#fleet, this.#keyring, ({ hash, epoch }, untilMs) =>
        keeper?.offer(hash, noReplica, epoch, untilMs, 0),
      ),
      ...(token !== undefined && { token }),
      ...(broker !== undefined && { broker }),
    })
    const hooks = {
      warn: (message: string, fields: Readonly<Record<string, unknown>>) => log.warn(fields, message),
      access: (records: readonly object[]) => {
        for (const record of records) accessLog.info(record)
      },
      notes: (notes: Float64Array) => keeper?.notes(notes),
      lookup: (keys: Uint32Array, answer: (found: Uint8Array) => void) => keeper?.lookup(keys, answer),
    }
    const accessLog = log.child({ log: 'access' }, { level: 'info' })
    const parts = { memory, keyring: this.#keyring, board, hooks, records, log }
    this.#threads = config.workers === 0 ? serveHere(parts) : new WorkerThreads(config.workers, parts)
  }

  /** Starts serving. Rejects with StartError; nothing is left running then. */
  async start(): Promise<Started> {
    if (this.#state !== 'new') throw new StartError('LIMPET_STARTED', 'This router was started before.')
    try {
      const { listen } = this.#config
      // At once, so that a port which is taken is said before anything is started.
      if (listen.port !== 0) await claimPort(listen, '--listen')
      await Promise.all([this.#putInForce(this.#config), this.#keeper?.start()])
      // And at last, since any other connection of the machine may get a port that was free a while ago.
      const address = await claimPort(listen, '--listen')
      const port = await this.#threads.listen(address)
      const { admin } = this.#config
      const adminPort = admin && (await this.#admin.listen(admin))
      this.#sweep.start()
      this.#refresh?.start()
      this.#state = 'serving'
      const url = urlOf(address.host, port)
      const adminUrl = admin && urlOf(admin.host, adminPort!)
      this.#log.info({ url, adminUrl, workers: this.#config.workers }, 'limpet is listening')
      return { url, adminUrl }
    } catch (error) {
      await this.#stop(0)
      throw error
    }
  }

  /** Puts a new config in force without dropping a connection. Rejects, and the old one stays, where that fails. */
  reload(config: Config): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'serving') return
      const later = restartNeeded(this.#config, config)
      // What only a restart applies stays as it is until then, and the next reload says so again.
      const { listen, admin, workers, keys, pins, store } = this.#config
      const next = { ...config, listen, admin, workers, keys, pins, store }
      await this.#putInForce(next)
      this.#config = next
      this.#log.info({ services: config.services.length }, 'the config was reloaded')
      if (later.length > 0) this.#log.warn({ settings: later }, 'these settings change with a restart only')
    })
  }

  /** Takes a replica out at once, until `release`; see `Fleet`. */
  hold(service: string, replica: string): void {
    this.#fleet.hold(service, replica)
  }

  release(service: string, replica: string): void {
    // Once it stops, nothing may begin to watch again.
    if (this.#state === 'serving') this.#fleet.release(service, replica)
  }

  /** How many requests are under way at a replica. */
  inFlight(service: string, replica: string): number {
    return this.#fleet.inFlight(service, replica)
  }

  /** Stops accepting, ends what is under way within the deadline (default: `timeouts.shutdown`), then ends all. */
  close(deadlineMs = this.#config.timeouts.shutdownMs): Promise<void> {
    if (this.#state === 'closing') return this.#turn.then(() => undefined)
    this.#state = 'closing'
    return this.#inTurn(() => this.#stop(deadlineMs))
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#state = 'closing'
    await this.#threads.close(deadlineMs)
    this.#fleet.stop()
    this.#sweep.stop()
    this.#refresh?.stop()
    await this.#stored?.flush()
    await this.#keeper?.close()
    await this.#admin.close()
  }

  async #putInForce(config: Config): Promise<void> {
    const { serviceIndexes, replicaIds } = this.#fleet.admit(config)
    const via = config.via ?? defaultVia(this.#keyring)
    const maxConnections = this.#maxConnections(config)
    await this.#threads.configure({ config, serviceIndexes, replicaIds, via, maxConnections })
    this.#fleet.settle(config)
  }

  /** `limits.connections`, as far as there are file descriptors for it. */
  #maxConnections({ limits }: Config): number {
    const possible = connectionsByDescriptors(Math.max(1, this.#config.workers))
    if (limits.connections === 0) return possible
    if (possible > 0 && limits.connections > possible)
      this.#log.warn({ possible }, 'limits.connections is more than file descriptors allow: see ulimit -n')
    return possible > 0 ? Math.min(limits.connections, possible) : limits.connections
  }

  #keeperOf(memory: SharedMemory): StoreKeeper | undefined {
    const { store } = this.#config
    return (
      store &&
      new StoreKeeper({
        open: storeOf(store),
        shown: store.location.shown,
        queueLimit: store.queue,
        pins: new PinTable(memory.pins),
        state: memory.store,
        replicas: this.#fleet,
        log: this.#log,
        onReturn: () => this.#refresh?.all(),
      })
    )
  }

  #loadKeys(config: Config): Keyring {
    const { file } = config.keys
    const loaded = loadKeyring(file === undefined ? {} : { file })
    if (loaded.warning !== undefined) this.#log.warn(loaded.warning)
    this.#log.debug({ origin: loaded.origin, path: loaded.path }, 'keys loaded')
    return loaded.keyring
  }
}

function urlOf(host: string, port: number): string {
  const name = host === '' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** A pseudonym that routers with the same keys share, so that a loop through any of them is seen. */
function defaultVia(keyring: Keyring): string {
  return `limpet-${createHash('sha256').update('via').update(keyring.hashKey).digest('hex').slice(0, 8)}`
}

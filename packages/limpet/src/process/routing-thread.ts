import { BlockList } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { Config, ListenAddress, SessionFunction } from '../config/schema.ts'
import { LimpetError } from '../errors.ts'
import { Admission } from '../http/admission.ts'
import { Deadlines } from '../http/deadlines.ts'
import type { HttpSettings } from '../http/http-context.ts'
import { Listener } from '../http/listener.ts'
import { createServerContext, type ServerContext } from '../http/server-context.ts'
import { AccessLog, type AccessRecord } from '../observe/access-log.ts'
import { Counters } from '../observe/counters.ts'
import { ReplicaBoard } from '../replicas/replica-board.ts'
import { type ReplicaIds, Router } from '../router.ts'
import type { Keyring } from '../session/keyring.ts'
import { PinTable } from '../session/pin-table.ts'
import type { SharedMemory } from './shared-memory.ts'

/** What a serving thread is told to route by. */
export interface RoutingConfig {
  readonly config: Config
  /** The place of each service's counters. */
  readonly serviceIndexes: readonly number[]
  readonly replicaIds: ReplicaIds
  /** This router's pseudonym in Via. */
  readonly via: string
}

/** Where a thread's words go; on a worker thread, to the main one. */
export interface ThreadHooks {
  warn(message: string, fields: Readonly<Record<string, unknown>>): void
  access(records: AccessRecord[]): void
}

/** A session function that throws for every request must not fill the log. */
const SOURCE_ERROR_EVERY_MS = 10_000

/** One thread that serves: its listener, its router and its share of the process's memory. */
export class RoutingThread {
  readonly #context: ServerContext
  readonly #router: Router
  readonly #listener: Listener
  readonly #accessLog: AccessLog
  readonly #modules = new Map<string, SessionFunction>()
  readonly #accessSwitch: { log: AccessLog | undefined } = { log: undefined }
  readonly #deadlines = new Deadlines()

  constructor(memory: SharedMemory, thread: number, keyring: Keyring, hooks: ThreadHooks) {
    const counters = new Counters(memory.counters[thread]!)
    const accessSwitch = this.#accessSwitch
    this.#accessLog = new AccessLog((records) => hooks.access(records))
    let sourceErrorSaidMs = Number.NEGATIVE_INFINITY
    const connectionCounters = {
      opened: () => counters.connection('opened'),
      closed: () => counters.connection('closed'),
      refusedConnection: () => counters.connection('refusedConnections'),
      tunnelOpened: () => counters.connection('tunnelsOpened'),
      tunnelClosed: () => counters.connection('tunnelsClosed'),
      timedOut: counters.timedOut.bind(counters),
    }
    const routing = {
      route: (...args: Parameters<Router['route']>) => this.#router.route(...args),
      refused: (...args: Parameters<Router['refused']>) => this.#router.refused(...args),
    }
    this.#context = createServerContext({
      settings: undefined as unknown as HttpSettings,
      routing,
      deadlines: this.#deadlines,
      counters: connectionCounters,
      admission: new Admission(memory.admission, thread),
    })
    this.#router = new Router({
      keyring,
      modules: this.#modules,
      board: new ReplicaBoard(memory.board, thread),
      pins: new PinTable(memory.pins),
      context: this.#context,
      counters,
      get accessLog() {
        return accessSwitch.log
      },
      isTrusted: (address) => this.#context.settings.isTrusted(address),
      onSourceError: (service, error) => {
        if (performance.now() - sourceErrorSaidMs < SOURCE_ERROR_EVERY_MS) return
        sourceErrorSaidMs = performance.now()
        hooks.warn('a session source threw; its requests are answered with 500', {
          service,
          error: error instanceof Error ? error.message : String(error),
        })
      },
    })
    this.#listener = new Listener(this.#context)
  }

  /** Routes by this config from now on. Rejects, and changes nothing, when a session module can't be loaded. */
  async configure(routing: RoutingConfig): Promise<void> {
    const { config, via } = routing
    for (const service of config.services) {
      for (const source of service.session) {
        if (source.kind === 'module' && !this.#modules.has(source.path))
          this.#modules.set(source.path, await loadSessionModule(source.path))
      }
    }
    const { limits, timeouts, forwarded } = config
    this.#context.settings = { limits, timeouts, forwarded, via, isTrusted: trustOf(config) }
    this.#accessSwitch.log = config.log.access === 'off' ? undefined : this.#accessLog
    this.#router.configure(config, routing.serviceIndexes, routing.replicaIds)
  }

  listen({ host, port }: ListenAddress, reusePort: boolean): Promise<number> {
    return this.#listener.listen(host, port, reusePort)
  }

  /** Ends what is under way within `deadlineMs`, then everything. */
  async close(deadlineMs: number): Promise<void> {
    await this.#listener.close(deadlineMs)
    this.#router.close()
    this.#deadlines.stop()
    this.#accessLog.flush()
  }
}

function trustOf(config: Config): (address: string) => boolean {
  if (config.trustedProxies.length === 0) return () => false
  const list = new BlockList()
  for (const { address, prefixBits, family } of config.trustedProxies)
    list.addSubnet(address, prefixBits, family)
  return (address) => list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}

async function loadSessionModule(path: string): Promise<SessionFunction> {
  const howTo = 'It must export a function named session: (head) => string | undefined.'
  let loaded: { session?: unknown }
  try {
    loaded = await import(pathToFileURL(path).href)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new LimpetError('LIMPET_SESSION_MODULE', `The session module ${path} can't be loaded: ${why}`)
  }
  if (typeof loaded.session !== 'function')
    throw new LimpetError('LIMPET_SESSION_MODULE', `The session module ${path} has no session. ${howTo}`)
  return loaded.session as SessionFunction
}

import { BlockList } from 'node:net'
import { pathToFileURL } from 'node:url'
import { type AccessKeys, loadAccessKeys } from '../config/load-access-keys.ts'
import type { Config, ListenAddress, SessionFunction } from '../config/schema.ts'
import { LimpetError } from '../errors.ts'
import { Admission } from '../http/admission.ts'
import { Deadlines } from '../http/deadlines.ts'
import type { ConnectionCounters, HttpSettings } from '../http/http-context.ts'
import { Listener } from '../http/listener.ts'
import { createServerContext, type ServerContext } from '../http/server-context.ts'
import { AccessLog, type AccessRecord } from '../observe/access-log.ts'
import { Counters } from '../observe/counters.ts'
import { seldom } from '../observe/seldom.ts'
import { ReplicaBoard } from '../replicas/replica-board.ts'
import { type ReplicaIds, Router } from '../router.ts'
import { SessionStreams } from '../routing/session-streams.ts'
import { Tunnels } from '../routing/tunnels.ts'
import type { Keyring } from '../session/keyring.ts'
import { type JournalPort, PinJournal } from '../session/pin-journal.ts'
import { PinTable } from '../session/pin-table.ts'
import { RecentTexts } from '../session/recent-texts.ts'
import type { SessionRecords } from '../session/session-record.ts'
import type { Turns } from '../session/turns.ts'
import type { SharedMemory } from './shared-memory.ts'

/** What a serving thread is told to route by. */
export interface RoutingConfig {
  readonly config: Config
  /** The place of each service's counters. */
  readonly serviceIndexes: readonly number[]
  readonly replicaIds: ReplicaIds
  /** This router's pseudonym in Via. */
  readonly via: string
  /** The most client connections at a time, by the config and by what the process can hold. */
  readonly maxConnections: number
}

/** Where a thread's words go; on a worker thread, to the main one. */
export interface ThreadHooks extends JournalPort {
  warn(message: string, fields: Readonly<Record<string, unknown>>): void
  access(records: AccessRecord[]): void
}

/** What a thread is made with, besides what it routes by. */
export interface ThreadStart {
  readonly memory: SharedMemory
  readonly thread: number
  readonly keyring: Keyring
  readonly turns: Turns
  readonly records: SessionRecords
}

/** The same trouble with every request must not fill the log. */
const SAY_EVERY_MS = 10_000

/** One thread that serves: its listener, its router and its share of the process's memory. */
export class RoutingThread {
  readonly #context: ServerContext
  readonly #router: Router
  readonly #listener: Listener
  readonly #accessLog: AccessLog
  readonly #journal: PinJournal | undefined
  readonly #modules: Map<string, SessionFunction>
  readonly #accessKeys = new Map<string, AccessKeys>()
  readonly #deadlines = new Deadlines()
  readonly #streams = new SessionStreams()
  readonly #tunnels: Tunnels
  #logsAccess = false

  /** Makes a thread that routes by `routing`. Rejects when a session module or access keys can't be loaded. */
  static async start(parts: ThreadStart, hooks: ThreadHooks, routing: RoutingConfig): Promise<RoutingThread> {
    const modules = new Map<string, SessionFunction>()
    await loadSessionModules(routing.config, modules)
    return new RoutingThread(parts, hooks, routing, modules)
  }

  private constructor(
    { memory, thread, keyring, turns, records }: ThreadStart,
    hooks: ThreadHooks,
    routing: RoutingConfig,
    modules: Map<string, SessionFunction>,
  ) {
    const counters = new Counters(memory.counters[thread]!)
    this.#modules = modules
    this.#accessLog = new AccessLog((records) => hooks.access(records))
    this.#context = createServerContext({
      settings: settingsOf(routing),
      routing: {
        route: (head, peer) => this.#router.route(head, peer),
        refused: (code) => this.#router.refused(code),
      },
      deadlines: this.#deadlines,
      counters: connectionCounters(counters, hooks),
      admission: new Admission(memory.admission, thread),
    })
    const { store } = routing.config
    this.#journal =
      store && new PinJournal(new PinTable(memory.pins), memory.store, hooks, store.lookupTimeoutMs)
    const board = new ReplicaBoard(memory.board, thread)
    this.#tunnels = new Tunnels(board)
    const logOf = () => (this.#logsAccess ? this.#accessLog : undefined)
    this.#router = new Router({
      keyring,
      modules,
      accessKeys: this.#accessKeys,
      board,
      pins: new PinTable(memory.pins),
      turns,
      records,
      idsAtReplicas: new RecentTexts(),
      streams: this.#streams,
      tunnels: this.#tunnels,
      context: this.#context,
      counters,
      journal: this.#journal,
      get accessLog() {
        return logOf()
      },
      isTrusted: (address) => this.#context.settings.isTrusted(address),
      onSourceError: seldom(SAY_EVERY_MS, (heldBack, service: string, error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        const fields = { service, error: message, heldBack }
        hooks.warn('a session source threw; its requests are answered with 500', fields)
      }),
    })
    this.#listener = new Listener(this.#context)
    this.#apply(routing, loadAllAccessKeys(routing.config))
  }

  /** Routes by this config from now on. Rejects, and changes nothing, when a session module or access keys can't be loaded. */
  async configure(routing: RoutingConfig): Promise<void> {
    await loadSessionModules(routing.config, this.#modules)
    this.#apply(routing, loadAllAccessKeys(routing.config))
  }

  #apply(routing: RoutingConfig, accessKeys: ReadonlyMap<string, AccessKeys>): void {
    for (const [service, keys] of accessKeys) this.#accessKeys.set(service, keys)
    this.#context.settings = settingsOf(routing)
    this.#logsAccess = routing.config.log.access !== 'off'
    this.#router.configure(routing.config, routing.serviceIndexes, routing.replicaIds)
  }

  listen({ host, port }: ListenAddress, reusePort: boolean): Promise<number> {
    return this.#listener.listen(host, port, reusePort)
  }

  /** Ends what is under way within `deadlineMs`, then everything. */
  async close(deadlineMs: number): Promise<void> {
    // The rest is for the others that want to go on, and for the closing handshakes.
    this.#tunnels.leaveAll(deadlineMs / 2)
    await this.#listener.close(deadlineMs)
    this.#tunnels.stop()
    this.#router.close()
    this.#deadlines.stop()
    this.#streams.stop()
    this.#accessLog.flush()
    this.#journal?.flush()
  }
}

function trustOf(config: Config): (address: string) => boolean {
  if (config.trustedProxies.length === 0) return () => false
  const list = new BlockList()
  for (const { address, prefixBits, family } of config.trustedProxies)
    list.addSubnet(address, prefixBits, family)
  return (address) => list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}

function settingsOf({ config, via, maxConnections }: RoutingConfig): HttpSettings {
  const { timeouts, forwarded } = config
  const limits = { ...config.limits, connections: maxConnections }
  return { limits, timeouts, forwarded, via, isTrusted: trustOf(config) }
}

function connectionCounters(counters: Counters, hooks: ThreadHooks): ConnectionCounters {
  const sayRefused = seldom(SAY_EVERY_MS, (heldBack, why: string) => {
    hooks.warn('client connections are refused: see limits.connections, and ulimit -n', { why, heldBack })
  })
  const sayExhausted = seldom(SAY_EVERY_MS, (heldBack) => {
    const message =
      'no file descriptor or port is left for connections to replicas (see ulimit -n), or the queue of a socket is full'
    hooks.warn(message, { heldBack })
  })
  return {
    opened: () => counters.connection('opened'),
    closed: () => counters.connection('closed'),
    refusedConnection: (why) => {
      counters.connection('refusedConnections')
      sayRefused(why)
    },
    exhausted: sayExhausted,
    timedOut: (kind) => counters.timedOut(kind),
  }
}

/** The access keys of all services that verify signatures, read anew with each config. */
function loadAllAccessKeys({ services }: Config): Map<string, AccessKeys> {
  const keys = new Map<string, AccessKeys>()
  for (const { name, sagemaker } of services)
    if (sagemaker?.signature !== undefined) keys.set(name, loadAccessKeys(sagemaker.signature.accessKeys))
  return keys
}

/** Loads the session modules that `modules` lacks. */
async function loadSessionModules(config: Config, modules: Map<string, SessionFunction>): Promise<void> {
  for (const source of config.services.flatMap(({ session }) => session)) {
    if (source.kind === 'module' && !modules.has(source.path))
      modules.set(source.path, await loadSessionModule(source.path))
  }
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

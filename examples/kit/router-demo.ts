import { randomBytes } from 'node:crypto'
import { createRouter, type LimpetRouter, type RouterOptions } from 'limpet'
import { type ControlServer, controlPath, startControlServer } from './control-server.ts'
import { ReplicaGroup, type ReplicaRoute } from './replica-group.ts'

export interface RouterDemoOptions {
  /** HOST:PORT of the router. */
  readonly listen: string
  /** HOST:PORT of its admin listener, which is the channel's broker as well. */
  readonly admin: string
  readonly replicas: number
  /** A Redis for the router's pins and the replicas' channel; by default both are kept by the router itself. */
  readonly store: string | undefined
  /** The program of a replica. */
  readonly script: string
  /** What names sessions, besides the router's cookie. */
  readonly sources: readonly `header:${string}`[]
  /** Gets one line for each death and restart of a replica. */
  readonly say: (line: string) => void
}

/** Short enough to be watched. */
const drainMs = 10_000
/** How long a killed replica stays away: long enough to see where its sessions go. */
const restartMs = 3000
/** For what is under way when the demo stops; WebSockets are told to leave over half of it. */
const closingMs = 5000

/** A demo: replicas, the router in front of them in this process, and controls for both. */
export class RouterDemo {
  readonly #options: RouterDemoOptions
  readonly #token = randomBytes(32).toString('base64url')
  #router: LimpetRouter | undefined
  #group: ReplicaGroup | undefined
  #controls: ControlServer | undefined
  #stopping = false

  constructor(options: RouterDemoOptions) {
    this.#options = options
  }

  /** Starts all of it. Rejects where something can't start, and some of it may run then: see `stop`. */
  async start(): Promise<{ url: string; adminUrl: string; names: readonly string[] }> {
    const { listen, store, script, say, replicas } = this.#options
    let routes: readonly ReplicaRoute[] = []
    const env: NodeJS.ProcessEnv = { LIMPET_CHANNEL_TOKEN: this.#token, DEMO_CONTROLS: controlPath }
    const group = new ReplicaGroup({
      script,
      env,
      say,
      drainMs,
      minBackoffMs: restartMs,
      route: async (list) => {
        routes = list
        if (!this.#stopping) await this.#router!.reload(this.#configOf(routes))
      },
      onChange: () => this.#controls?.changed(),
    })
    this.#controls = await startControlServer(group, [listen.slice(0, listen.lastIndexOf(':'))])
    // Before the replicas, which look for the channel at its admin listener.
    this.#router = createRouter({ ...this.#configOf(routes), channel: { token: this.#token } })
    const { url, adminUrl } = await this.#router.start()
    env.LIMPET_CHANNEL = store ?? adminUrl!
    this.#group = group
    if (!this.#stopping) await group.start(replicas)
    return { url, adminUrl: adminUrl!, names: group.views.map(({ name }) => name) }
  }

  /** Stops the router, then the replicas, as far as they run. Those that still start end with this process. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#controls?.close()
    await this.#router?.close(closingMs)
    await this.#group?.stop()
  }

  #configOf(replicas: readonly ReplicaRoute[]): RouterOptions {
    const { listen, admin, store, sources } = this.#options
    return {
      listen,
      admin,
      // One thread, since each goes round by itself: so the turns of HTTP & Round Robin can be followed.
      workers: 1,
      // The demo says itself what happens to its replicas.
      log: { level: 'error' },
      timeouts: { tunnelPing: '20s' },
      ...(store !== undefined && { store }),
      services: [
        {
          name: 'demo',
          replicas: [...replicas],
          session: [...sources, 'cookie'],
          // A page left open overnight is still at home in the morning.
          cookie: { begins: 'navigation', idle: '12h' },
          balance: 'round-robin',
          drainTimeout: `${drainMs}ms`,
          health: { path: '/healthz', interval: '1s' },
        },
        {
          name: 'controls',
          match: { path: controlPath },
          replicas: [{ name: 'controls', url: this.#controls!.url }],
          session: [],
        },
      ],
    }
  }
}

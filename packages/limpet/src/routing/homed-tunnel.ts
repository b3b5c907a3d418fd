import type { NamedSession } from '../dialects/dialect.ts'
import type { OpenTunnel } from '../http/route.ts'
import type { Replica } from '../replicas/replica-set.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'
import { type LeavingTunnel, leaveShare } from './tunnels.ts'

/** A tunnel's session is used this often in its ttl, so that its pin lives as long as the tunnel. */
const USES_A_TTL = 4

/** An open tunnel at its replica, where it is counted and from where it can be told to leave. */
export class HomedTunnel implements LeavingTunnel {
  readonly tunnel: OpenTunnel
  readonly share: number
  readonly stays: boolean
  useAtMs = Number.POSITIVE_INFINITY
  readonly #parts: RouterParts
  readonly #service: RoutedService
  readonly #replica: Replica
  readonly #session: NamedSession | undefined

  /** `stays`: its session stays with its replica, whatever becomes of that. */
  constructor(
    parts: RouterParts,
    service: RoutedService,
    place: number,
    session: NamedSession | undefined,
    stays: boolean,
    tunnel: OpenTunnel,
  ) {
    this.tunnel = tunnel
    this.stays = stays
    this.share = leaveShare(session && service.hashOf(session.key))
    this.#parts = parts
    this.#service = service
    this.#replica = service.replicas.replicas[place]!
    this.#session = session
    if (session !== undefined) this.useAtMs = Date.now() + session.ttlMs / USES_A_TTL
    parts.board.beginTunnel(this.#replica.slot)
    parts.counters.upgraded(this.#replica.slot)
    parts.tunnels.add(this)
  }

  get serviceName(): string {
    return this.#service.config.name
  }

  get replicaName(): string {
    return this.#replica.name
  }

  use(nowMs: number): void {
    const { key, ttlMs } = this.#session!
    this.#parts.pins.find(this.#service.hashOf(key), nowMs, ttlMs)
    this.useAtMs = nowMs + ttlMs / USES_A_TTL
  }

  /** The tunnel is over. */
  close(): void {
    this.#parts.tunnels.remove(this)
    this.#parts.board.endTunnel(this.#replica.slot)
  }
}

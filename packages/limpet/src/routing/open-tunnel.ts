import type { NamedSession } from '../dialects/dialect.ts'
import type { OpenTunnel } from '../http/route.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'
import { leaveShare } from './tunnels.ts'

/** A tunnel's session is used this often in its ttl, so that its pin lives as long as the tunnel. */
const USES_A_TTL = 4

/** Whose tunnel it is; `hash` is the session's, and borrowed. */
export interface TunnelOwner {
  readonly session: NamedSession
  readonly hash: Uint32Array
  /** Whether the session stays with its replica, whatever becomes of that. */
  readonly stays: boolean
}

/** A request at the replica at `place` has become a tunnel. Call what is returned when it is over. */
export function openTunnel(
  { board, counters, pins, tunnels }: RouterParts,
  service: RoutedService,
  place: number,
  owner: TunnelOwner | undefined,
  tunnel: OpenTunnel,
): () => void {
  const { name, slot } = service.replicas.replicas[place]!
  board.beginTunnel(slot)
  counters.upgraded(slot)
  const hash = owner?.hash.slice()
  const ttlMs = owner?.session.ttlMs ?? Number.POSITIVE_INFINITY
  const close = tunnels.open(service.config.name, name, {
    tunnel,
    share: leaveShare(hash),
    stays: owner?.stays ?? false,
    useAtMs: Date.now() + ttlMs / USES_A_TTL,
    use(nowMs) {
      if (hash !== undefined) pins.find(hash, nowMs, ttlMs)
      this.useAtMs = nowMs + ttlMs / USES_A_TTL
    },
  })
  return () => {
    close()
    board.endTunnel(slot)
  }
}

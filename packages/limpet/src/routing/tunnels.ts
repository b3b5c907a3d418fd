import type { OpenTunnel } from '../http/route.ts'
import type { TunnelEnd } from '../observe/counters.ts'
import type { ReplicaBoard } from '../replicas/replica-board.ts'
import type { ReplicaSet } from '../replicas/replica-set.ts'

/** How often replicas with tunnels are looked at, in milliseconds. */
const EVERY_MS = 100
/** At every which of these looks each tunnel is looked at whose replica is fine, too. */
const USED_EVERY = 5
/**
 * Over how long the tunnels of a replica leave that is down or was removed. Long enough that their clients do not
 * come back all at once, and that a check which failed by chance costs only some of them.
 */
const LOSS_MS = 5000

/** A tunnel that may have to leave its replica, so that its client comes back and finds another. */
export interface LeavingTunnel {
  readonly tunnel: OpenTunnel
  readonly serviceName: string
  readonly replicaName: string
  /** Its session's place in the order of leaving, above 0 and at most 1: see `leaveShare`. */
  readonly share: number
  /** Whether its session stays with its replica, whatever becomes of that. */
  readonly stays: boolean
  /** When its session is to be used next, by the wall clock, so that its pin lives as long as the tunnel. */
  readonly useAtMs: number
  /** Uses it, and puts `useAtMs` off. */
  use(nowMs: number): void
}

/** A service, as far as its tunnels go. */
export interface TunnelService {
  readonly config: { readonly name: string }
  readonly replicas: Pick<ReplicaSet, 'replicas' | 'available'>
}

/** The tunnels of one thread at one replica. */
interface Home {
  readonly serviceName: string
  readonly replicaName: string
  readonly tunnels: Set<LeavingTunnel>
  /** Where that is now: its place among `fleet`, or -1 when it was removed. Undefined: its service was. */
  fleet: TunnelService['replicas'] | undefined
  place: number
  /** Since when the replica is seen to be lost, by the wall clock; 0: it isn't. */
  lostSinceMs: number
}

/** Why tunnels leave their replica, and when each does. */
interface Leaving {
  readonly why: TunnelEnd
  at(share: number): number
}

/**
 * A session's place in the order of leaving: the same on all threads, so that all tunnels of a session leave at the
 * same moment, and evenly spread, since the hash is keyed. Without a session any place will do.
 */
export function leaveShare(hash: Uint32Array | undefined): number {
  return hash === undefined ? 1 - Math.random() : (hash[3]! + 1) / 2 ** 32
}

/**
 * The tunnels of one thread. Those whose replica drains leave it one after the other over its drain time, those
 * of a replica that is lost within some seconds; when the router stops, all leave. None leaves that has nowhere
 * else to go.
 */
export class Tunnels {
  readonly #board: ReplicaBoard
  #services = new Map<string, TunnelService>()
  /** By the names of service and replica. */
  readonly #homes = new Map<string, Home>()
  #timer: NodeJS.Timeout | undefined
  #looks = 0
  /** Set when the router stops: from when until when all tunnels leave. */
  #restart: { readonly sinceMs: number; readonly untilMs: number } | undefined

  constructor(board: ReplicaBoard) {
    this.#board = board
  }

  /** What there is to go to from now on. */
  configure(services: readonly TunnelService[]): void {
    this.#services = new Map(services.map((service) => [service.config.name, service]))
    for (const home of this.#homes.values()) this.#find(home)
  }

  /** A request has become a tunnel. */
  add(tunnel: LeavingTunnel): void {
    const key = keyOf(tunnel)
    const home = this.#homes.get(key) ?? this.#homeOf(tunnel)
    this.#homes.set(key, home)
    home.tunnels.add(tunnel)
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS).unref()
  }

  /** A tunnel is over. */
  remove(tunnel: LeavingTunnel): void {
    const key = keyOf(tunnel)
    const home = this.#homes.get(key)
    home?.tunnels.delete(tunnel)
    if (home?.tunnels.size === 0) this.#homes.delete(key)
    if (this.#homes.size === 0) this.stop()
  }

  /** The router stops: all tunnels leave, spread over `ms`. */
  leaveAll(ms: number): void {
    const nowMs = Date.now()
    this.#restart = { sinceMs: nowMs, untilMs: nowMs + ms }
  }

  /** Looks after no tunnel any more. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const nowMs = Date.now()
    this.#board.nowMs = nowMs
    const looksAtAll = ++this.#looks % USED_EVERY === 0
    for (const home of this.#homes.values()) {
      const leaving = this.#leavingOf(home, nowMs)
      if (leaving === undefined && !looksAtAll) continue
      for (const each of home.tunnels) {
        if (nowMs >= each.useAtMs) each.use(nowMs)
        if (leaving === undefined || (each.stays && leaving.why !== 'restart')) continue
        if (nowMs >= leaving.at(each.share)) each.tunnel.leave(leaving.why)
      }
    }
  }

  #leavingOf(home: Home, nowMs: number): Leaving | undefined {
    const restart = this.#restart
    if (restart !== undefined)
      return { why: 'restart', at: (share) => restart.sinceMs + share * (restart.untilMs - restart.sinceMs) }
    const { fleet, place } = home
    if (fleet === undefined) return undefined
    const slot = fleet.replicas[place]?.slot
    const lost = slot === undefined ? 'removed' : this.#board.isDown(slot) ? 'down' : undefined
    if (lost === undefined) home.lostSinceMs = 0
    else if (home.lostSinceMs === 0) home.lostSinceMs = nowMs
    const isHome = lost === undefined && this.#board.mode(slot!) === 'ready'
    if (isHome || !hasOther(fleet, place)) return undefined
    const sinceMs = home.lostSinceMs
    if (lost !== undefined) return { why: lost, at: (share) => sinceMs + share * LOSS_MS }
    return { why: 'drained', at: (share) => this.#board.leavesAtMs(slot!, share) }
  }

  #homeOf({ serviceName, replicaName }: LeavingTunnel): Home {
    const home: Home = {
      serviceName,
      replicaName,
      tunnels: new Set(),
      fleet: undefined,
      place: -1,
      lostSinceMs: 0,
    }
    this.#find(home)
    return home
  }

  #find(home: Home): void {
    home.fleet = this.#services.get(home.serviceName)?.replicas
    home.place = home.fleet?.replicas.findIndex(({ name }) => name === home.replicaName) ?? -1
  }
}

function keyOf({ serviceName, replicaName }: LeavingTunnel): string {
  return `${serviceName}\0${replicaName}`
}

/** Whether another replica takes new sessions. */
function hasOther(fleet: TunnelService['replicas'], place: number): boolean {
  return fleet.replicas.some((_, other) => other !== place && fleet.available(other))
}

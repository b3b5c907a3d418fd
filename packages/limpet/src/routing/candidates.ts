import type { RefusalCode } from '../errors.ts'
import type { PlacementPolicy, PlacementView } from '../placement/placement.ts'
import type { ReplicaBoard } from '../replicas/replica-board.ts'
import type { RoutedService } from './routed-service.ts'

/**
 * What a replica is wanted for: a request without a session, a session that is placed for the first time, one
 * that is placed again, or one whose name its replica is yet to give.
 */
export type Want = 'request' | 'session' | 'lost-session' | 'nameless-session'

function policyFor(want: Want, { balance, placement, newcomers }: RoutedService): PlacementPolicy {
  if (want === 'request') return balance
  return want === 'nameless-session' ? newcomers : placement
}

function viewFor(want: Want, { replicas }: RoutedService): PlacementView {
  if (want === 'nameless-session') return replicas.byAllLoad
  return want === 'lost-session' ? replicas.bySessions : replicas
}

/**
 * The place of the first candidate that was not `tried` and, for a session, has room for it; -1: there is none. One
 * that is ejected is better than none.
 * `hash` is the session's, where there is one.
 */
export function nextCandidate(
  want: Want,
  hash: Uint32Array | undefined,
  service: RoutedService,
  tried: readonly number[],
): number {
  const place = soundCandidate(want, hash, service, tried)
  return place === -1 ? firstOf(service.replicas.withEjected, want, hash, service, tried) : place
}

/** The same without those that are ejected. */
export function soundCandidate(
  want: Want,
  hash: Uint32Array | undefined,
  service: RoutedService,
  tried: readonly number[],
): number {
  return firstOf(viewFor(want, service), want, hash, service, tried)
}

function firstOf(
  view: PlacementView,
  want: Want,
  hash: Uint32Array | undefined,
  service: RoutedService,
  tried: readonly number[],
): number {
  const policy = policyFor(want, service)
  policy.start(hash, view)
  for (let place = policy.next(); place !== -1; place = policy.next())
    if (!tried.includes(place) && (want === 'request' || !isFull(place, service))) return place
  return -1
}

function isFull(place: number, { config, replicas }: RoutedService): boolean {
  return config.maxSessions !== undefined && replicas.sessions(place) >= config.maxSessions
}

/** Why there is no candidate. */
export function whyNoCandidate(want: Want, service: RoutedService, board: ReplicaBoard): RefusalCode {
  const { replicas } = service
  const { available } = replicas.withEjected
  const isOneFull = replicas.replicas.some((_, place) => available(place) && isFull(place, service))
  if (want !== 'request' && isOneFull) return 'LIMPET_SESSIONS_FULL'
  const isUnready = replicas.replicas.some(({ slot }) => board.health(slot) === 'unready')
  return isUnready ? 'LIMPET_NOT_READY' : 'LIMPET_NO_REPLICA'
}

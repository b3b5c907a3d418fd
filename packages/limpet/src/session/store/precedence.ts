import type { PinHome, StoredPin } from './pin-store.ts'

/**
 * What becomes of a record that is offered where another may stand: it `takes` the place, `extends` the time of
 * its equal, `removes` it, or `yields`.
 */
export type Precedence = 'takes' | 'extends' | 'removes' | 'yields'

/**
 * The rule by which routers agree on a session without asking each other: the higher epoch stands; of equal
 * epochs a closing; of two placements the first. A record that is over is as good as none, and one that is
 * offered so withdraws its equal.
 */
export function precedence(standing: StoredPin | undefined, offered: StoredPin, nowMs: number): Precedence {
  const isOver = offered.expiresAtMs <= nowMs
  const takes = isOver ? 'removes' : 'takes'
  if (standing === undefined || standing.expiresAtMs <= nowMs) return takes
  if (offered.epoch !== standing.epoch) return offered.epoch > standing.epoch ? takes : 'yields'
  if (isSameHome(offered.home, standing.home)) return isOver ? 'removes' : 'extends'
  return offered.home === undefined ? takes : 'yields'
}

/** The record that stands after `offered` has extended `standing`: a time is never made shorter. */
export function extended(standing: StoredPin, offered: StoredPin): StoredPin {
  return { ...standing, expiresAtMs: Math.max(standing.expiresAtMs, offered.expiresAtMs) }
}

function isSameHome(a: PinHome | undefined, b: PinHome | undefined): boolean {
  return a?.service === b?.service && a?.replica === b?.replica
}

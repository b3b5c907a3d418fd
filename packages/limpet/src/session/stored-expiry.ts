/**
 * How long a store is to remember a pin. A pin's time slides with each use, in the table alone; the store hears of
 * pins in use about once in a quarter of their ttl. What it is told carries the slack for that, so that it never
 * forgets a session before the table does.
 */

/** How long one round through the whole table takes. */
export const roundMs = 30_000

/** The ttl that a pin seems to have, by when it was used and when it expires. */
export function ttlOf(usedAtMs: number, expiresAtMs: number): number {
  return Math.max(expiresAtMs - usedAtMs, 1)
}

/** From one writing of a pin that is in use to the next, but for the length of a round. */
export function refreshMs(ttlMs: number): number {
  return ttlMs / 4
}

/** When the store may forget a pin that is written now; never after its deadline (0: it has none). */
export function storedExpiry(nowMs: number, ttlMs: number, deadlineMs: number): number {
  const untilMs = Math.ceil(nowMs + ttlMs + 2 * (refreshMs(ttlMs) + roundMs))
  return deadlineMs === 0 ? untilMs : Math.min(untilMs, deadlineMs)
}

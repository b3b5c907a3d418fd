/**
 * How long a store is to remember a pin. A pin's time slides with each use, in the table alone; the store hears of
 * pins in use a few times in their ttl. What it is told carries the slack for that, so that it never
 * forgets a session before the table does.
 */

/** How long one round through the whole table takes. */
export const roundMs = 30_000

/** The ttl that a pin seems to have, by when it was used and when it expires. */
export function ttlOf(usedAtMs: number, expiresAtMs: number): number {
  return Math.max(expiresAtMs - usedAtMs, 1)
}

/**
 * From one writing of a pin that is in use to the next, but for the length of a round: a power of two between an
 * eighth and a quarter of the ttl. The table's times are exact to 64 ms, so a ttl read from them differs from use
 * to use; the moments at which a pin is due must not.
 */
export function refreshMs(ttlMs: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(ttlMs / 4, 1)))
}

/** When the store may forget a pin that is written now; never after its deadline (0: it has none). */
export function storedExpiry(nowMs: number, ttlMs: number, deadlineMs: number): number {
  const untilMs = Math.ceil(nowMs + ttlMs + 2 * (ttlMs / 4 + roundMs))
  return deadlineMs === 0 ? untilMs : Math.min(untilMs, deadlineMs)
}

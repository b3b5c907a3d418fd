/**
 * Passes on one call in `everyMs`, and tells how many it held back since the last: what happens with every
 * request must not fill the log.
 */
export function seldom<Args extends unknown[]>(
  everyMs: number,
  say: (heldBack: number, ...args: Args) => void,
): (...args: Args) => void {
  let saidMs = Number.NEGATIVE_INFINITY
  let heldBack = 0
  return (...args) => {
    const nowMs = performance.now()
    if (nowMs - saidMs < everyMs) {
      heldBack++
      return
    }
    say(heldBack, ...args)
    saidMs = nowMs
    heldBack = 0
  }
}

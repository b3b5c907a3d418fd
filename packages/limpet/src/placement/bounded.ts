import type { PlacementPolicy, PlacementView } from './placement.ts'

/** How far one replica's load may rise above its share. */
export interface LoadBound {
  /** A multiple of the replica's share, at least 1. `Infinity` switches the bound off. */
  readonly factor: number
  /** Sessions, and requests in flight, that are allowed on top: a ratio alone misfires at low load. At least 0. */
  readonly gap: number
}

export const defaultLoadBound: LoadBound = { factor: 1.25, gap: 8 }

/**
 * Bounds the load of what `inner` chooses (Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded
 * loads", arXiv 1608.01350, with weights and a gap): a replica of weight w has room while its load is below
 *
 *     ceil(factor * w * (L + 1) / W) + gap
 *
 * where L is the load and W the weight of all replicas that can take something new (see `PlacementTotals`).
 * Room is needed for live sessions and for requests in flight, each by its own L. Candidates with room come
 * first, then the rest, both in `inner`'s order, so there is an answer while any replica is available.
 */
export function createBounded(inner: PlacementPolicy, bound: LoadBound = defaultLoadBound): PlacementPolicy {
  const { factor, gap } = bound
  let view: PlacementView | undefined
  let full = new Uint32Array(0)
  let fullCount = 0
  let fullGiven = 0
  let totalsKnown = false
  let totalWeight = 0
  let totalSessions = 0
  let totalInFlight = 0

  function start(key: Uint32Array | undefined, nextView: PlacementView): void {
    view = nextView
    inner.start(key, nextView)
    if (full.length < nextView.replicas.length) full = new Uint32Array(nextView.replicas.length)
    fullCount = 0
    fullGiven = 0
    totalsKnown = false
  }

  function addUp(from: PlacementView): void {
    totalsKnown = true
    if (from.totals !== undefined) {
      totalWeight = from.totals.weight()
      totalSessions = from.totals.sessions()
      totalInFlight = from.totals.inFlight()
      return
    }
    totalWeight = 0
    totalSessions = 0
    totalInFlight = 0
    for (let index = 0; index < from.replicas.length; index++) {
      const { weight } = from.replicas[index]!
      if (!(weight > 0) || !from.available(index)) continue
      totalWeight += weight
      totalSessions += from.sessions(index)
      totalInFlight += from.inFlight(index)
    }
  }

  function hasRoom(index: number, from: PlacementView): boolean {
    const sessions = from.sessions(index)
    const inFlight = from.inFlight(index)
    // No cap is below gap + 1, so at low load the totals, an O(N) pass, are not needed.
    if (sessions <= gap && inFlight <= gap) return true
    if (!totalsKnown) addUp(from)
    const share = (factor * from.replicas[index]!.weight) / totalWeight
    return (
      sessions < Math.ceil(share * (totalSessions + 1)) + gap &&
      inFlight < Math.ceil(share * (totalInFlight + 1)) + gap
    )
  }

  function next(): number {
    if (view === undefined) return -1
    if (factor === Number.POSITIVE_INFINITY) return inner.next()
    for (let index = inner.next(); index >= 0; index = inner.next()) {
      if (hasRoom(index, view)) return index
      full[fullCount++] = index
    }
    while (fullGiven < fullCount) {
      const index = full[fullGiven++]!
      if (view.available(index)) return index
    }
    return -1
  }

  return { start, next }
}

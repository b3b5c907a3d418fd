import type { PlacementPolicy, PlacementView } from './placement.ts'
import { drawWeighted } from './random.ts'
import { createWalk } from './walk.ts'

/**
 * The less loaded of two weighted-random choices, load being requests in flight per weight; then the other
 * one, then the rest in weighted-random order. Two choices are nearly as even as looking at all, and routers that
 * share nothing do not all run to the same idle replica (Mitzenmacher, "The power of two choices in
 * randomized load balancing", 2001). `random` gives numbers in [0, 1). Ignores the key.
 */
export function createLeastLoad(random: () => number = Math.random): PlacementPolicy {
  const walk = createWalk()
  let view: PlacementView | undefined
  let drawn = 0
  let other = -1

  function load(index: number, from: PlacementView): number {
    return from.inFlight(index) / from.replicas[index]!.weight
  }

  return {
    start(_key, nextView) {
      view = nextView
      drawn = 0
      walk.begin(nextView)
    },
    next() {
      if (view === undefined) return -1
      if (drawn++ === 0) {
        const one = drawWeighted(view, walk, random)
        other = drawWeighted(view, walk, random)
        if (other < 0 || load(one, view) <= load(other, view)) return one
        const better = other
        other = one
        return better
      }
      const kept = other
      other = -1
      return kept >= 0 && view.available(kept) ? kept : drawWeighted(view, walk, random)
    },
  }
}

import type { PlacementPolicy, PlacementView } from './placement.ts'
import { createWalk, type Walk } from './walk.ts'

/** One open replica of the walk, chosen with a probability in proportion to its weight, or -1. Gives it. */
export function drawWeighted(view: PlacementView, walk: Walk, random: () => number): number {
  const { replicas } = view
  let total = 0
  for (let index = 0; index < replicas.length; index++) if (walk.open(index)) total += replicas[index]!.weight
  let left = random() * total
  let drawn = -1
  for (let index = 0; index < replicas.length; index++) {
    if (!walk.open(index)) continue
    // Rounding can leave a rest after the last open one, which then is the one drawn.
    drawn = index
    left -= replicas[index]!.weight
    if (left < 0) break
  }
  if (drawn >= 0) walk.give(drawn)
  return drawn
}

/** Weighted random order, drawn without replacement. `random` gives numbers in [0, 1). Ignores the key. */
export function createRandom(random: () => number = Math.random): PlacementPolicy {
  const walk = createWalk()
  let view: PlacementView | undefined
  return {
    start(_key, nextView) {
      view = nextView
      walk.begin(nextView)
    },
    next() {
      return view === undefined ? -1 : drawWeighted(view, walk, random)
    },
  }
}

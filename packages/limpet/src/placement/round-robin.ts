import type { PlacementPolicy, PlacementReplica, PlacementView } from './placement.ts'
import { createWalk } from './walk.ts'

/**
 * Smooth weighted round robin, as nginx does it: each choice raises every candidate's credit by its weight,
 * takes the highest and charges it the sum of the weights, so that weights 5, 1, 1 give a a b a c a a and not
 * five times a in a row. Later candidates of a walk are chosen alike among those not yet given, so a retry
 * takes the turn of the replica that it goes to. Ignores the key.
 *
 * The credit is this object's own: one object per service and thread. A new list of replicas keeps the credit of
 * the names that stay, so that a change does not send everyone back to the first of the list.
 */
export function createRoundRobin(): PlacementPolicy {
  const walk = createWalk()
  let view: PlacementView | undefined
  let replicas: readonly PlacementReplica[] = []
  let credit = new Float64Array(0)

  function adopt(list: readonly PlacementReplica[]): void {
    const kept = new Map(replicas.map((replica, index) => [replica.name, credit[index]!]))
    credit = Float64Array.from(list, (replica) => kept.get(replica.name) ?? 0)
    replicas = list
  }

  return {
    start(_key, nextView) {
      view = nextView
      if (replicas !== nextView.replicas) adopt(nextView.replicas)
      walk.begin(nextView)
    },
    next() {
      if (view === undefined) return -1
      let best = -1
      let total = 0
      for (let index = 0; index < replicas.length; index++) {
        if (!walk.open(index)) continue
        const { weight } = replicas[index]!
        total += weight
        credit[index]! += weight
        if (best < 0 || credit[index]! > credit[best]!) best = index
      }
      if (best < 0) return -1
      credit[best]! -= total
      walk.give(best)
      return best
    },
  }
}

import { createLeastLoad } from './least-load.ts'
import type { PlacementPolicy } from './placement.ts'
import { createRandom } from './random.ts'
import { createRoundRobin } from './round-robin.ts'

const balancePolicies = {
  'round-robin': createRoundRobin,
  random: createRandom,
  'least-load': createLeastLoad,
} as const satisfies Record<string, (random?: () => number) => PlacementPolicy>

/** How requests without a session are spread. */
export type BalancePolicyName = keyof typeof balancePolicies

/** The names in the order in which the documentation lists them. */
export const balancePolicyNames = Object.keys(balancePolicies) as readonly BalancePolicyName[]

/** A fresh policy object for one service on one thread. `random` gives numbers in [0, 1). */
export function createBalancePolicy(name: BalancePolicyName, random?: () => number): PlacementPolicy {
  return balancePolicies[name](random)
}

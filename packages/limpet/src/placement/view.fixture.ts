/** What the tests and the benchmark of placement share: a view with its state in arrays, and seeded randomness. */
import type { PlacementPolicy, PlacementReplica, PlacementView } from './placement.ts'
import { seedOf } from './seed.ts'

export interface SampleView extends PlacementView {
  replicas: readonly PlacementReplica[]
  readonly up: boolean[]
  readonly sessionCounts: number[]
  readonly inFlightCounts: number[]
}

export function sampleReplica(name: string, weight = 1): PlacementReplica {
  return { name, seed: seedOf(name), weight }
}

/** Replicas `r0`, `r1`, ... of these weights: all available, nothing on them. */
export function sampleView(weights: readonly number[]): SampleView {
  return viewOf(weights.map((weight, index) => sampleReplica(`r${index}`, weight)))
}

export function viewOf(replicas: readonly PlacementReplica[]): SampleView {
  const view: SampleView = {
    replicas,
    up: replicas.map(() => true),
    sessionCounts: replicas.map(() => 0),
    inFlightCounts: replicas.map(() => 0),
    available: (index) => view.up[index]!,
    sessions: (index) => view.sessionCounts[index]!,
    inFlight: (index) => view.inFlightCounts[index]!,
  }
  return view
}

/** `count` weights of 1. */
export function ones(count: number): number[] {
  return new Array<number>(count).fill(1)
}

/** A generator of numbers in [0, 1) that repeats itself for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** A session's identity: four random words. */
export function sampleKey(random: () => number): Uint32Array {
  return Uint32Array.from({ length: 4 }, () => random() * 0x1_0000_0000)
}

export function sampleKeys(count: number, random: () => number): Uint32Array[] {
  return Array.from({ length: count }, () => sampleKey(random))
}

export function firstOf(policy: PlacementPolicy, key: Uint32Array | undefined, view: PlacementView): number {
  policy.start(key, view)
  return policy.next()
}

/** A whole walk, as indexes. Stops a walk that does not end. */
export function walkOf(policy: PlacementPolicy, key: Uint32Array | undefined, view: PlacementView): number[] {
  const given: number[] = []
  policy.start(key, view)
  for (let index = policy.next(); index >= 0; index = policy.next()) {
    given.push(index)
    if (given.length > 2 * view.replicas.length) throw new Error('The walk does not end.')
  }
  return given
}

/** Pearson's statistic: about `cells - 1` when counts are as random as their expectations say. */
export function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  return counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0)
}

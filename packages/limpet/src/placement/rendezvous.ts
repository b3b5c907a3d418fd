import { minusLn } from './minus-ln.ts'
import type { PlacementPolicy, PlacementReplica, PlacementView } from './placement.ts'

/** 2^-32: from a 32-bit hash to a fraction of 1. */
const unit = 1 / 0x1_0000_0000

/** So many candidates are found by a pass each; the heap costs about nine passes (at 1,000 replicas: 28 us). */
const passes = 8

/** What a walk needs of a list of replicas, packed so that the pass over it reads memory in order. */
interface Packed {
  readonly source: readonly PlacementReplica[]
  /** Positions in `source` of the replicas with a weight above 0; all else here is by place in this list. */
  readonly indexes: Uint32Array
  /** The seeds' two words. */
  readonly highs: Int32Array
  readonly lows: Int32Array
  readonly weights: Float64Array
  readonly equal: boolean
  /** Scratch of a long walk: each place's distance, and a heap of places. */
  readonly distances: Float64Array
  readonly heap: Uint32Array
}

function pack(source: readonly PlacementReplica[]): Packed {
  const places = [...source.keys()].filter((i) => source[i]!.weight > 0)
  const weights = Float64Array.from(places, (i) => source[i]!.weight)
  return {
    source,
    indexes: Uint32Array.from(places),
    highs: Int32Array.from(places, (i) => source[i]!.seed[0]!),
    lows: Int32Array.from(places, (i) => source[i]!.seed[1]!),
    weights,
    equal: weights.every((weight) => weight === weights[0]),
    distances: new Float64Array(places.length),
    heap: new Uint32Array(places.length),
  }
}

/** A uniform 32-bit hash of a key (two words) and a seed (two words): three rounds of multiply and shift. */
function mix(k0: number, k1: number, s0: number, s1: number): number {
  let h = Math.imul(k0 ^ s0, 0xcc9e2d51)
  h = Math.imul(h ^ (h >>> 15) ^ s1, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13) ^ k1, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function weightedDistance({ highs, lows, weights }: Packed, k0: number, k1: number, place: number): number {
  const u = (mix(k0, k1, highs[place]!, lows[place]!) + 0.5) * unit
  return minusLn(1 - u) / weights[place]!
}

// The two searches below are functions of their own because a loop without calls runs in two thirds of the time:
// 1.9 instead of 2.9 us for 1,000 replicas.

/** The first place at or after `from` whose hash is at most `most`, or -1. */
function nextWithin({ highs, lows }: Packed, k0: number, k1: number, from: number, most: number): number {
  for (let place = from; place < highs.length; place++) {
    if (mix(k0, k1, highs[place]!, lows[place]!) <= most) return place
  }
  return -1
}

/**
 * The first place at or after `from` whose distance may be at most `most`, or -1, found without a logarithm:
 * -ln(1 - u) > u * (1 + u / 2), so one that is too far by u alone is too far. u is at least 2^-33, and the
 * margin of 2^-34 outweighs every rounding here.
 */
function nextPerhapsWithin(packed: Packed, k0: number, k1: number, from: number, most: number): number {
  const { highs, lows, weights } = packed
  for (let place = from; place < highs.length; place++) {
    const u = (mix(k0, k1, highs[place]!, lows[place]!) + 0.5) * unit
    if (u <= most * weights[place]!) return place
  }
  return -1
}

/** MurmurHash3's 32-bit finaliser. */
function finalise(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/**
 * Weighted rendezvous hashing (highest random weight): a key's candidates in the order of the score
 * -weight / ln h, h uniform in (0, 1) from a mix of the key and the replica's seed. When a replica leaves, only
 * its keys move, and they spread over the others by weight; when one joins, keys move only to it.
 * Schindelhauer and Schomaker, "Weighted distributed hash tables" (SPAA 2005); draft-ietf-bess-weighted-hrw.
 *
 * The order depends on the key, the names, the weights and what is available, never on places in the list,
 * and is the same on every machine: the hash is integer arithmetic, `minusLn` fixes each bit of the logarithm,
 * and equal scores go to the lower first word of the seed, then to the name that sorts first.
 *
 * Inside, the least *distance* -ln h / weight is the highest score. With h = 1 - u, u = (x + 1/2) / 2^32 and x the
 * hash, equal weights are ordered by x alone; neighbouring x differ in distance by 2^-33 of it or more, far
 * above the rounding of `minusLn`, so that is the formula's order too.
 *
 * The first candidates cost one pass over the list each; a longer walk builds a heap of the rest.
 * Without a key each walk has a random order, weighted alike. One object serves one service: it keeps what it
 * derived from the last list of replicas.
 */
export function createRendezvous(random: () => number = Math.random): PlacementPolicy {
  let packed = pack([])
  let view: PlacementView | undefined
  let k0 = 0
  let k1 = 0
  const given = new Int32Array(passes)
  let givenCount = 0
  let heapSize = -1

  function start(key: Uint32Array | undefined, nextView: PlacementView): void {
    view = nextView
    if (packed.source !== nextView.replicas) packed = pack(nextView.replicas)
    if (key === undefined) {
      k0 = (random() * 0x1_0000_0000) | 0
      k1 = (random() * 0x1_0000_0000) | 0
    } else {
      k0 = finalise(key[0]! ^ Math.imul(key[2]!, 0x9e3779b1))
      k1 = finalise((key[1]! ^ Math.imul(key[3]!, 0x85ebca77)) + k0)
    }
    givenCount = 0
    heapSize = -1
  }

  function isGiven(place: number): boolean {
    for (let i = 0; i < givenCount; i++) if (given[i] === place) return true
    return false
  }

  /** Whether place `a` wins over `b` when their distances are equal. */
  function winsTie(a: number, b: number): boolean {
    const { highs, indexes, source } = packed
    if (highs[a] !== highs[b]) return highs[a]! >>> 0 < highs[b]! >>> 0
    return source[indexes[a]!]!.name < source[indexes[b]!]!.name
  }

  // Whether a place was given and is available is asked only of one that would lead: about ln N times, not N.

  function nearestEqual(from: PlacementView): number {
    let best = -1
    let least = 0xffffffff
    for (let place = 0; ; place++) {
      place = nextWithin(packed, k0, k1, place, least)
      if (place < 0) return best
      const x = mix(k0, k1, packed.highs[place]!, packed.lows[place]!)
      if (x === least && best >= 0 && !winsTie(place, best)) continue
      if (isGiven(place) || !from.available(packed.indexes[place]!)) continue
      best = place
      least = x
    }
  }

  function nearestWeighted(from: PlacementView): number {
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (let place = 0; ; place++) {
      place = nextPerhapsWithin(packed, k0, k1, place, least)
      if (place < 0) return best
      const distance = weightedDistance(packed, k0, k1, place)
      if (distance > least || (distance === least && !winsTie(place, best))) continue
      if (isGiven(place) || !from.available(packed.indexes[place]!)) continue
      best = place
      least = distance
    }
  }

  function siftDown(from: number): void {
    const { heap, distances } = packed
    const place = heap[from]!
    const distance = distances[place]!
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heapSize) break
      let lower = heap[child]!
      if (child + 1 < heapSize) {
        const right = heap[child + 1]!
        const gap = distances[right]! - distances[lower]!
        if (gap < 0 || (gap === 0 && winsTie(right, lower))) {
          child++
          lower = right
        }
      }
      const gap = distances[lower]! - distance
      if (gap > 0 || (gap === 0 && !winsTie(lower, place))) break
      heap[at] = lower
      at = child
    }
    heap[at] = place
  }

  function buildHeap(): void {
    const { highs, lows, distances, heap, equal } = packed
    heapSize = 0
    for (let place = 0; place < heap.length; place++) {
      distances[place] = equal
        ? mix(k0, k1, highs[place]!, lows[place]!)
        : weightedDistance(packed, k0, k1, place)
      if (!isGiven(place)) heap[heapSize++] = place
    }
    for (let at = (heapSize >>> 1) - 1; at >= 0; at--) siftDown(at)
  }

  function next(): number {
    if (view === undefined) return -1
    const { indexes, heap } = packed
    if (givenCount < passes) {
      const place = packed.equal ? nearestEqual(view) : nearestWeighted(view)
      if (place < 0) return -1
      given[givenCount++] = place
      return indexes[place]!
    }
    if (heapSize < 0) buildHeap()
    while (heapSize > 0) {
      const index = indexes[heap[0]!]!
      heap[0] = heap[--heapSize]!
      siftDown(0)
      if (view.available(index)) return index
    }
    return -1
  }

  return { start, next }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBounded, defaultLoadBound, type LoadBound } from './bounded.ts'
import type { PlacementPolicy } from './placement.ts'
import { createRendezvous } from './rendezvous.ts'
import {
  firstOf,
  ones,
  type SampleView,
  sampleKeys,
  sampleView,
  seededRandom,
  walkOf,
} from './view.fixture.ts'

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

function cap(view: SampleView, loads: readonly number[], index: number, { factor, gap }: LoadBound): number {
  const open = [...view.replicas.keys()].filter((i) => view.up[i] && view.replicas[i]!.weight > 0)
  const weight = sum(open.map((i) => view.replicas[i]!.weight))
  const load = sum(open.map((i) => loads[i]!))
  return Math.ceil((factor * view.replicas[index]!.weight * (load + 1)) / weight) + gap
}

/** Places the keys one after the other, each staying; returns how many did not get their first choice. */
function arrive(policy: PlacementPolicy, keys: readonly Uint32Array[], view: SampleView): number {
  const unbounded = createRendezvous()
  let displaced = 0
  for (const key of keys) {
    const index = firstOf(policy, key, view)
    if (index !== firstOf(unbounded, key, view)) displaced++
    view.sessionCounts[index]!++
  }
  return displaced
}

test('no session goes to a replica at its cap while another has room', () => {
  const random = seededRandom(11)
  for (const weights of [ones(10), [1, 2, 0.5, 4, 1, 1.75]]) {
    for (const bound of [defaultLoadBound, { factor: 1, gap: 0 }, { factor: 1.05, gap: 1 }]) {
      const view = sampleView(weights)
      view.up[1] = false
      view.sessionCounts[1] = 500
      const policy = createBounded(createRendezvous(), bound)
      for (const key of sampleKeys(3000, random)) {
        const index = firstOf(policy, key, view)
        const room = [...weights.keys()].filter(
          (i) => view.up[i] && view.sessionCounts[i]! < cap(view, view.sessionCounts, i, bound),
        )
        assert.ok(room.includes(index), `${index} was chosen, with room on ${room}`)
        const order = walkOf(createRendezvous(), key, view)
        assert.equal(
          index,
          order.find((i) => room.includes(i)),
          'the first with room in rendezvous order',
        )
        view.sessionCounts[index]!++
      }
    }
  }
})

test('a walk gives those with room first, then the others, each in rendezvous order', () => {
  const random = seededRandom(12)
  const view = sampleView(ones(8))
  view.sessionCounts.splice(0, 8, 100, 10, 100, 10, 10, 10, 10, 10)
  const policy = createBounded(createRendezvous())
  for (const key of sampleKeys(100, random)) {
    const order = walkOf(createRendezvous(), key, view)
    const isFull = (index: number) => index === 0 || index === 2
    assert.deepEqual(walkOf(policy, key, view), [
      ...order.filter((index) => !isFull(index)),
      ...order.filter(isFull),
    ])
  }
})

test('requests in flight are bounded as sessions are', () => {
  const random = seededRandom(13)
  const view = sampleView(ones(4))
  view.inFlightCounts.splice(0, 4, 40, 2, 2, 2)
  const policy = createBounded(createRendezvous())
  for (const key of sampleKeys(200, random)) assert.notEqual(firstOf(policy, key, view), 0)
})

test('there is an answer when each replica is over one of its caps', () => {
  const random = seededRandom(14)
  const view = sampleView([1, 1])
  view.sessionCounts.splice(0, 2, 100, 0)
  view.inFlightCounts.splice(0, 2, 0, 100)
  for (const key of sampleKeys(50, random)) {
    assert.deepEqual(
      walkOf(createBounded(createRendezvous()), key, view),
      walkOf(createRendezvous(), key, view),
    )
  }
})

test('the gap lets a few sessions sit together where the ratio alone would part them', () => {
  const random = seededRandom(15)
  const ratio = sampleView(ones(4))
  const withGap = sampleView(ones(4))
  const keys = sampleKeys(24, random)
  assert.equal(arrive(createBounded(createRendezvous()), keys, withGap), 0)
  assert.ok(arrive(createBounded(createRendezvous(), { factor: 1.25, gap: 0 }), keys, ratio) > 0)
})

test('an infinite factor switches the bound off', () => {
  const random = seededRandom(16)
  const view = sampleView([1, 2, 3, 4])
  view.sessionCounts[3] = 1e6
  const policy = createBounded(createRendezvous(), { factor: Number.POSITIVE_INFINITY, gap: 0 })
  for (const key of sampleKeys(100, random)) {
    assert.deepEqual(walkOf(policy, key, view), walkOf(createRendezvous(), key, view))
  }
})

test('what lives on replicas that take nothing new does not raise the caps of the others', () => {
  const view = sampleView([1, 1, 1, 0])
  view.up[2] = false
  view.sessionCounts.splice(0, 4, 30, 9, 5000, 5000)
  const policy = createBounded(createRendezvous(), { factor: 1.25, gap: 4 })
  // 1.25 * 40 / 2 + 4 = 29: replica 0 is over it. Counting the other two's load it would not be.
  for (const key of sampleKeys(50, seededRandom(17))) assert.equal(firstOf(policy, key, view), 1)
})

test('a heavier replica may hold more', () => {
  const view = sampleView([1, 3])
  view.sessionCounts.splice(0, 2, 50, 80)
  const policy = createBounded(createRendezvous())
  for (const key of sampleKeys(50, seededRandom(18))) assert.equal(firstOf(policy, key, view), 1)
})

test('the view may keep the sums itself, and is then not added up', () => {
  const random = seededRandom(19)
  const plain = sampleView(ones(200))
  for (let i = 0; i < 200; i++) plain.sessionCounts[i] = (i * 37) % 60
  let asked = 0
  const summing = {
    ...plain,
    sessions: (index: number) => {
      asked++
      return plain.sessionCounts[index]!
    },
    totals: { weight: () => 200, sessions: () => sum(plain.sessionCounts), inFlight: () => 0 },
  }
  const [one, two] = [createBounded(createRendezvous()), createBounded(createRendezvous())]
  let displaced = 0
  for (const key of sampleKeys(500, random)) {
    const index = firstOf(one, key, plain)
    assert.equal(firstOf(two, key, summing), index)
    if (index !== firstOf(createRendezvous(), key, plain)) displaced++
  }
  assert.ok(displaced > 50, 'the bound was at work')
  assert.ok(asked < 500 * 10, `${asked / 500} replicas asked a walk`)
})

test('the share of sessions that the bound displaces is near the published one', () => {
  // N = 128, factor 1.25, no gap, one session after the other with caps from the final count: 7.4 %, 0.7 % and 0.01 %.
  const policy = createBounded(createRendezvous(), { factor: 1.25, gap: 0 })
  for (const [each, least, most] of [
    [8, 0.045, 0.095],
    [32, 0.004, 0.014],
    [128, 0, 0.0005],
  ] as const) {
    const count = 128 * each
    const view = {
      ...sampleView(ones(128)),
      totals: { weight: () => 128, sessions: () => count - 1, inFlight: () => 0 },
    }
    const share = arrive(policy, sampleKeys(count, seededRandom(20 + each)), view) / count
    assert.ok(share >= least && share <= most, `${each} sessions a replica: ${share}`)
  }
})

test('by default the bound displaces less than one session in 200 while sessions come and go', () => {
  const policy = createBounded(createRendezvous())
  const unbounded = createRendezvous()
  for (const each of [8, 32, 128]) {
    const random = seededRandom(30 + each)
    const view = sampleView(ones(32))
    const live: number[] = []
    let displaced = 0
    for (const key of sampleKeys(64 * each, random)) {
      if (live.length === 32 * each) {
        const [left] = live.splice(Math.floor(random() * live.length), 1)
        view.sessionCounts[left!]!--
      }
      const index = firstOf(policy, key, view)
      if (index !== firstOf(unbounded, key, view)) displaced++
      view.sessionCounts[index]!++
      live.push(index)
    }
    assert.ok(displaced < (64 * each) / 200, `${displaced} of ${64 * each}`)
  }
})

test('the sessions of a crashed replica spread over the survivors within their bounds', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(400 + seed)
    const view = sampleView(ones(4))
    const policy = createBounded(createRendezvous())
    const lost: Uint32Array[] = []
    for (const key of sampleKeys(1000, random)) {
      const index = firstOf(policy, key, view)
      view.sessionCounts[index]!++
      if (index === 2) lost.push(key)
    }
    const before = [...view.sessionCounts]
    view.up[2] = false
    arrive(policy, lost, view)
    for (const index of [0, 1, 3]) {
      const gained = view.sessionCounts[index]! - before[index]!
      assert.ok(view.sessionCounts[index]! <= (1.25 * 1000) / 3 + 8, `it has ${view.sessionCounts[index]}`)
      assert.ok(gained <= 1.25 * (lost.length / 3) + 8, `it took ${gained} of ${lost.length}`)
    }
  }
})

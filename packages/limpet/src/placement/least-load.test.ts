import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLeastLoad } from './least-load.ts'
import { createRandom } from './random.ts'
import { firstOf, ones, sampleView, seededRandom, walkOf } from './view.fixture.ts'

test('of two replicas always takes the one with less in flight per weight', () => {
  const policy = createLeastLoad(seededRandom(1))
  const view = sampleView([1, 4])
  view.inFlightCounts.splice(0, 2, 3, 8)
  for (let i = 0; i < 200; i++) assert.deepEqual(walkOf(policy, undefined, view), [1, 0])
  view.inFlightCounts.splice(0, 2, 1, 8)
  for (let i = 0; i < 200; i++) assert.deepEqual(walkOf(policy, undefined, view), [0, 1])
})

test('never begins with the most loaded of many', () => {
  const policy = createLeastLoad(seededRandom(2))
  const view = sampleView(ones(8))
  for (let i = 0; i < 8; i++) view.inFlightCounts[i] = i === 3 ? 9 : i
  for (let i = 0; i < 2000; i++) assert.notEqual(firstOf(policy, undefined, view), 3)
})

test('after the two choices the order is random, not by load', () => {
  const policy = createLeastLoad(seededRandom(3))
  const view = sampleView(ones(5))
  for (let i = 0; i < 5; i++) view.inFlightCounts[i] = i
  const lasts = new Set<number>()
  for (let i = 0; i < 500; i++) lasts.add(walkOf(policy, undefined, view)[4]!)
  assert.deepEqual([...lasts].toSorted(), [0, 1, 2, 3, 4])
})

test('evens out what random choice leaves uneven', () => {
  const peak = (policy: ReturnType<typeof createRandom>) => {
    const view = sampleView(ones(100))
    for (let i = 0; i < 1000; i++) view.inFlightCounts[firstOf(policy, undefined, view)]!++
    return Math.max(...view.inFlightCounts)
  }
  const chosen = peak(createLeastLoad(seededRandom(4)))
  const drawn = peak(createRandom(seededRandom(4)))
  // The mean is 10; theory gives about ln ln 100 / ln 2 = 2 above it for two choices, and 8 for one.
  assert.ok(chosen <= 13 && drawn >= 16, `peaks ${chosen} and ${drawn}`)
})

test('the choice that lost is not given if it became unavailable meanwhile', () => {
  const policy = createLeastLoad(seededRandom(5))
  const view = sampleView([1, 1])
  const first = firstOf(policy, undefined, view)
  view.up[1 - first] = false
  assert.equal(policy.next(), -1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRoundRobin } from './round-robin.ts'
import { firstOf, ones, sampleReplica, sampleView, viewOf, walkOf } from './view.fixture.ts'

function sequence(
  policy: ReturnType<typeof createRoundRobin>,
  view: ReturnType<typeof sampleView>,
  count: number,
) {
  return Array.from({ length: count }, () => firstOf(policy, undefined, view))
}

test('equal weights take turns', () => {
  assert.deepEqual(sequence(createRoundRobin(), sampleView(ones(3)), 7), [0, 1, 2, 0, 1, 2, 0])
})

test("weights 5, 1, 1 come in nginx's order: a a b a c a a", () => {
  const policy = createRoundRobin()
  const view = sampleView([5, 1, 1])
  for (let round = 0; round < 3; round++) assert.deepEqual(sequence(policy, view, 7), [0, 0, 1, 0, 2, 0, 0])
})

test('fractional weights get exact shares over a round', () => {
  const counts = [0, 0, 0]
  for (const index of sequence(createRoundRobin(), sampleView([0.5, 1.25, 2.25]), 1600)) counts[index]!++
  assert.deepEqual(counts, [200, 500, 900])
})

test('a retry goes to the replica whose turn is next', () => {
  const policy = createRoundRobin()
  assert.deepEqual(walkOf(policy, undefined, sampleView(ones(3))), [0, 1, 2])
})

test('while one is out the others share its turns, and it returns to its own', () => {
  const policy = createRoundRobin()
  const view = sampleView(ones(3))
  view.up[1] = false
  assert.deepEqual(sequence(policy, view, 4), [0, 2, 0, 2])
  view.up[1] = true
  const counts = [0, 0, 0]
  for (const index of sequence(policy, view, 9)) counts[index]!++
  assert.deepEqual(counts, [3, 3, 3])
})

test('a new list goes on with the turns of the names that stay', () => {
  const policy = createRoundRobin()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => sampleReplica(name))
  assert.deepEqual(sequence(policy, viewOf([a!, b!, c!]), 1), [0])
  const next = viewOf([a!, d!, c!, b!])
  const served = sequence(policy, next, 3).map((index) => next.replicas[index]!.name)
  assert.ok(!served.includes('a'), `a had its turn, yet came before the others: ${served}`)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from './random.ts'
import { chiSquare, sampleView, seededRandom, walkOf } from './view.fixture.ts'

test('a whole walk is a weighted draw without replacement', () => {
  const policy = createRandom(seededRandom(1))
  const view = sampleView([1, 2, 3])
  const counts = new Map<string, number>()
  for (let i = 0; i < 12_000; i++) {
    const order = walkOf(policy, undefined, view).join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  // P(first) * P(second of what is left), of 12,000 walks.
  const expected = { '012': 800, '021': 1200, '102': 1000, '120': 3000, '201': 2000, '210': 4000 }
  const observed = Object.keys(expected).map((order) => counts.get(order) ?? 0)
  // Five degrees of freedom: above 25.7 once in 10,000.
  assert.ok(chiSquare(observed, Object.values(expected)) < 25.7, `took ${observed}`)
})

test('numbers at either end of [0, 1) choose the first and the last', () => {
  const view = sampleView([0, 1, 0.1, 0.7, 0])
  assert.deepEqual(
    walkOf(
      createRandom(() => 0),
      undefined,
      view,
    ),
    [1, 2, 3],
  )
  assert.deepEqual(
    walkOf(
      createRandom(() => 1 - 2 ** -53),
      undefined,
      view,
    ),
    [3, 2, 1],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessionMemory } from './session-memory.ts'

test('turns are counted for each session apart', () => {
  const memory = createSessionMemory(10)
  assert.equal(memory.turnsOf('a'), 0)
  assert.deepEqual([memory.takeTurn('a'), memory.takeTurn('a'), memory.takeTurn('b')], [1, 2, 1])
  assert.equal(memory.turnsOf('a'), 2)
})

test('a full memory forgets the session that has been quiet the longest', () => {
  const memory = createSessionMemory(2)
  memory.takeTurn('a')
  memory.takeTurn('b')
  memory.takeTurn('a')
  memory.takeTurn('c')
  assert.deepEqual(['a', 'b', 'c'].map(memory.turnsOf), [2, 0, 1])
})

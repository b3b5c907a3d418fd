import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Turn } from './turn.ts'

test('what is posted is flushed at the end of the turn, in its order, once', async () => {
  const turn = new Turn()
  const flushed: string[] = []
  for (const name of ['a', 'b']) turn.post({ flush: () => flushed.push(name) })
  assert.deepEqual(flushed, [])
  await nextTurn()
  assert.deepEqual(flushed, ['a', 'b'])
  await nextTurn()
  assert.deepEqual(flushed, ['a', 'b'])
})

test('what a flush posts belongs to the same turn', async () => {
  const turn = new Turn()
  const flushed: string[] = []
  turn.post({ flush: () => turn.post({ flush: () => flushed.push('second') }) })
  await nextTurn()
  assert.deepEqual(flushed, ['second'])
})

test('it has one time for all of a turn, and another in the next', async () => {
  const turn = new Turn()
  const { nowMs, wallMs } = turn
  assert.ok(Math.abs(nowMs - performance.now()) < 1000)
  assert.ok(Math.abs(wallMs - Date.now()) < 1000)
  while (performance.now() < nowMs + 5);
  assert.equal(turn.nowMs, nowMs)
  assert.equal(turn.wallMs, wallMs)
  await nextTurn()
  assert.ok(turn.nowMs >= nowMs + 5)
  assert.ok(turn.wallMs > wallMs)
})

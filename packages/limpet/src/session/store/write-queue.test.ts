import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredPin } from './pin-store.ts'
import { WriteQueue } from './write-queue.ts'

const nowMs = 1_800_000_000_000
const pinOf = (key: string, more: Partial<StoredPin> = {}): StoredPin => ({
  key,
  home: { service: 'chat', replica: 'a' },
  epoch: 0,
  expiresAtMs: nowMs + 1000,
  deadlineMs: 0,
  ...more,
})
const b = { service: 'chat', replica: 'b' }

test('records wait in their order, and stay until they are settled', () => {
  const queue = new WriteQueue(10)
  const pins = ['x', 'y', 'z'].map((key) => pinOf(key))
  for (const pin of pins) assert.equal(queue.offer(pin, nowMs), true)
  assert.deepEqual(queue.take(2), pins.slice(0, 2))
  assert.deepEqual(queue.take(5), pins)
  queue.settle(pins.slice(0, 2))
  assert.deepEqual([queue.size, queue.take(5)], [1, pins.slice(2)])
})

test('of two records of a key the one that would stand in the store is written', () => {
  const queue = new WriteQueue(10)
  const moved = pinOf('x', { epoch: 1, home: b })
  queue.offer(pinOf('x'), nowMs)
  queue.offer(moved, nowMs)
  queue.offer(pinOf('x'), nowMs)
  assert.deepEqual(queue.take(5), [moved])
  queue.offer({ ...moved, expiresAtMs: nowMs + 9000 }, nowMs)
  assert.deepEqual(queue.take(5), [{ ...moved, expiresAtMs: nowMs + 9000 }])
  queue.offer({ ...moved, home: undefined }, nowMs)
  assert.equal(queue.get('x')?.home, undefined)
  assert.equal(queue.size, 1)
})

test('what comes while a record is being written is not settled with it', () => {
  const queue = new WriteQueue(10)
  queue.offer(pinOf('x'), nowMs)
  const taken = queue.take(1)
  const moved = pinOf('x', { epoch: 1 })
  queue.offer(moved, nowMs)
  queue.settle(taken)
  assert.deepEqual(queue.take(1), [moved])
})

test('a withdrawal is written before the record that takes its place', () => {
  const queue = new WriteQueue(10)
  const withdrawal = pinOf('x', { expiresAtMs: 0 })
  const anew = pinOf('x', { home: b })
  queue.offer(pinOf('x'), nowMs)
  queue.offer(withdrawal, nowMs)
  queue.offer(anew, nowMs)
  assert.deepEqual(queue.take(5), [withdrawal])
  queue.settle([withdrawal])
  assert.deepEqual(queue.take(5), [anew])
})

test('what finds no room is refused, and what has a place there is not', () => {
  const queue = new WriteQueue(2)
  assert.deepEqual(
    ['x', 'y', 'z'].map((key) => queue.offer(pinOf(key), nowMs)),
    [true, true, false],
  )
  assert.equal(queue.offer(pinOf('x', { epoch: 1 }), nowMs), true)
  assert.equal(queue.offer(pinOf('y', { expiresAtMs: nowMs + 9000 }), nowMs), true)
  assert.deepEqual(
    queue.take(5).map(({ key, epoch }) => [key, epoch]),
    [
      ['x', 1],
      ['y', 0],
    ],
  )
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StoredPin } from './pin-store.ts'
import { WriteQueue } from './write-queue.ts'

function pin(key: string, epoch = 0): StoredPin {
  return { key, home: { service: 's', replica: 'r' }, epoch, expiresAtMs: 1, deadlineMs: 0 }
}

const keysOf = (pins: readonly StoredPin[]) => pins.map(({ key, epoch }) => `${key}${epoch}`)

describe('what waits to be written', () => {
  test('is of each session the last, in the order in which sessions came', () => {
    const queue = new WriteQueue(10)
    for (const one of [pin('a'), pin('b'), pin('a', 1), pin('c')]) assert.ok(queue.add(one))
    assert.equal(queue.size, 3)
    assert.deepEqual(keysOf(queue.take(2)), ['a1', 'b0'])
    assert.deepEqual(keysOf(queue.take(2)), ['c0'])
    assert.equal(queue.size, 0)
  })

  test('is no more than it may be; what is known already may still change', () => {
    const queue = new WriteQueue(2)
    assert.deepEqual([queue.add(pin('a')), queue.add(pin('b')), queue.add(pin('c'))], [true, true, false])
    assert.ok(queue.add(pin('b', 1)))
    assert.equal(queue.dropped, 1)
    assert.deepEqual(keysOf(queue.take(9)), ['a0', 'b1'])
  })

  test('comes back when it could not be written, but not over what is newer', () => {
    const queue = new WriteQueue(10)
    queue.add(pin('a'))
    queue.add(pin('b'))
    const batch = queue.take(2)
    queue.add(pin('a', 1))
    queue.putBack(batch)
    assert.deepEqual(keysOf(queue.take(9)), ['a1', 'b0'])
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Admission, createAdmissionMemory, forgetAdmissions } from './admission.ts'

const free = { connections: 0, connectionsPerClient: 0 }
const addresses = (count: number) =>
  Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)

describe('the bound on all connections', () => {
  const limits = { ...free, connections: 3 }

  test('holds over all clients, and a place that is left is free again', () => {
    const admission = new Admission(createAdmissionMemory(1), 0)
    for (const address of ['a', 'b', 'c']) assert.equal(admission.admit(address, limits), true)
    assert.equal(admission.admit('d', limits), false)
    admission.leave('b')
    assert.equal(admission.admit('d', limits), true)
    assert.equal(admission.admit('e', limits), false)
  })
  test('holds over all threads', () => {
    const memory = createAdmissionMemory(2)
    const [first, second] = [new Admission(memory, 0), new Admission(memory, 1)]
    assert.equal(first.admit('a', limits), true)
    assert.equal(second.admit('b', limits), true)
    assert.equal(first.admit('c', limits), true)
    assert.equal(second.admit('d', limits), false)
    first.leave('a')
    assert.equal(second.admit('d', limits), true)
  })
})

describe('the bound on one client', () => {
  const limits = { ...free, connectionsPerClient: 2 }

  test('holds for each by itself', () => {
    const admission = new Admission(createAdmissionMemory(1), 0)
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1']) {
      assert.equal(admission.admit(address, limits), true)
      assert.equal(admission.admit(address, limits), true)
      assert.equal(admission.admit(address, limits), false)
    }
    admission.leave('192.0.2.1')
    assert.equal(admission.admit('192.0.2.2', limits), false)
    assert.equal(admission.admit('192.0.2.1', limits), true)
  })
  test('holds over all threads', () => {
    const memory = createAdmissionMemory(2)
    const [first, second] = [new Admission(memory, 0), new Admission(memory, 1)]
    assert.equal(first.admit('a', limits), true)
    assert.equal(second.admit('a', limits), true)
    assert.equal(first.admit('a', limits), false)
  })
  test('no client is refused for another: a thousand of them, with their first connection', () => {
    const admission = new Admission(createAdmissionMemory(1), 0)
    const once = { ...free, connectionsPerClient: 1 }
    const refused = addresses(1000).filter((address) => !admission.admit(address, once))
    assert.deepEqual(refused, [])
  })
  test('and none gets more than its share for the company of others', () => {
    const admission = new Admission(createAdmissionMemory(1), 0)
    for (const address of addresses(5000)) admission.admit(address, free)
    assert.equal(admission.admit('10.0.0.7', { ...free, connectionsPerClient: 1 }), false)
  })
})

test('without bounds everyone is let in', () => {
  const admission = new Admission(createAdmissionMemory(1), 0)
  for (let count = 0; count < 1000; count++) assert.equal(admission.admit('a', free), true)
})

test('a refused connection is not counted', () => {
  const admission = new Admission(createAdmissionMemory(1), 0)
  const limits = { connections: 5, connectionsPerClient: 1 }
  assert.equal(admission.admit('a', limits), true)
  for (let count = 0; count < 10; count++) assert.equal(admission.admit('a', limits), false)
  assert.equal(admission.admit('b', limits), true)
  admission.leave('a')
  assert.equal(admission.admit('a', limits), true)
})

test('the counts of a thread that died are forgotten, those of the others stay', () => {
  const memory = createAdmissionMemory(2)
  const limits = { ...free, connections: 2 }
  const [first, second] = [new Admission(memory, 0), new Admission(memory, 1)]
  assert.equal(first.admit('a', limits), true)
  assert.equal(second.admit('b', limits), true)
  forgetAdmissions(memory, 0)
  assert.equal(second.admit('c', limits), true)
  assert.equal(second.admit('d', limits), false)
})

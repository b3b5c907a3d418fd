import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPinMemory, noReplica } from './pin-memory.ts'
import { PinScan } from './pin-scan.ts'
import { PinTable } from './pin-table.ts'

const originMs = 1_800_000_000_000
const keyOf = (index: number) =>
  Uint32Array.of(Math.imul(index, 0x9e3779b1), Math.imul(index, 0x85ebca6b), index % 5, index)

test('a walk in slices meets each pin once, with all that the table knows of it', () => {
  const memory = createPinMemory({ capacity: 2000, nowMs: originMs })
  const table = new PinTable(memory)
  for (let index = 1; index <= 1000; index++)
    table.insert(keyOf(index), index, originMs, 64_000, 0, index % 9)
  const scan = new PinScan(memory)
  const met = new Map<number, number>()
  let next = 0
  let slices = 0
  do {
    next = scan.walk(next, 10, ({ key, replica, epoch, usedAtMs, expiresAtMs, deadlineMs }) => {
      const index = key[3]!
      met.set(index, (met.get(index) ?? 0) + 1)
      const expected = keyOf(index)
      expected[2] ||= 1
      assert.deepEqual([...key], [...expected])
      assert.deepEqual([replica, epoch], [index, index % 9])
      assert.deepEqual([usedAtMs, expiresAtMs, deadlineMs], [originMs, originMs + 64_000, 0])
    })
    slices++
  } while (next !== 0)
  assert.equal(slices, Math.ceil(memory.buckets / 10))
  assert.equal(met.size, 1000)
  assert.ok([...met.values()].every((count) => count === 1))
})

test('the key that a walk gives finds the pin', () => {
  const memory = createPinMemory({ capacity: 2000, nowMs: originMs })
  const table = new PinTable(memory)
  table.insert(Uint32Array.of(7, 8, 0, 9), 3, originMs, 64_000, 128_000)
  table.close(Uint32Array.of(0xffffffff, 8, 5, 9), originMs, originMs + 6400, 2)
  const seen: unknown[] = []
  new PinScan(memory).walk(0, memory.buckets, (pin) => {
    assert.equal(table.look(pin.key, originMs), true)
    seen.push([table.replica, table.epoch, table.expiresAtMs, table.deadlineMs])
    assert.deepEqual(seen.at(-1), [pin.replica, pin.epoch, pin.expiresAtMs, pin.deadlineMs])
  })
  assert.deepEqual(seen.toSorted(), [
    [3, 0, originMs + 64_000, originMs + 128_000],
    [noReplica, 2, originMs + 6400, 0],
  ])
})

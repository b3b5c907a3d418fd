import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPinStats } from './pin-counts.ts'
import { countWord, createPinMemory } from './pin-memory.ts'
import { PinSlots } from './pin-slots.ts'

test('a use that comes late does not prolong the pin that took the slot meanwhile', () => {
  const memory = createPinMemory({ capacity: 10 })
  const reader = new PinSlots(memory)
  const writer = new PinSlots(memory)
  const key = Uint32Array.of(1, 1, 3, 4)
  const next = Uint32Array.of(1, 1, 5, 6)
  writer.take(key)
  writer.put(writer.emptySlot(0), 1, 0, 0, 100, 0)

  reader.take(key)
  const slot = reader.read()
  writer.drop(slot, countWord.removed)
  writer.take(next)
  writer.put(slot, 2, 0, 0, 50, 50)
  reader.slide(slot, 40, 140)

  assert.equal(writer.read(), slot)
  assert.deepEqual([writer.seenReplica, writer.seenExpires, writer.seenUsed], [2, 50, 0])
})

test('counts go on past 32 bits', () => {
  const memory = createPinMemory({ capacity: 10 })
  const counts = new Int32Array(memory.counts)
  counts[countWord.inserted] = -1
  const slots = new PinSlots(memory)
  slots.take(Uint32Array.of(1, 2, 3, 4))
  slots.put(slots.emptySlot(0), 1, 0, 0, 100, 0)
  assert.equal(readPinStats(memory).inserted, 2 ** 32)
})

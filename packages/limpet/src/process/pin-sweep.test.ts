import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPinMemory } from '../session/pin-memory.ts'
import { PinTable } from '../session/pin-table.ts'
import { PinSweep } from './pin-sweep.ts'

test('expired pins are freed within half a minute, and live ones stay', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_700_000_000_000 })
  const memory = createPinMemory({ capacity: 2048 })
  const pins = new PinTable(memory)
  const keyOf = (index: number) =>
    Uint32Array.of(index * 0x9e3779b1, index * 0x85ebca6b, index * 0xc2b2ae35, index)
  for (let index = 0; index < 1000; index++)
    pins.insert(keyOf(index), 1, Date.now(), index % 2 === 0 ? 1000 : 600_000, 0)
  const sweep = new PinSweep(pins, memory.buckets)
  sweep.start()
  t.mock.timers.tick(2000)
  assert.ok(pins.live > 500, 'not all at once')
  t.mock.timers.tick(31_000)
  assert.equal(pins.live, 500)
  sweep.stop()
  t.mock.timers.tick(700_000)
  assert.equal(pins.live, 500)
})

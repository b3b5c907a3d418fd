import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_SLOTS, replicaId, slotOf } from './replica-id.ts'
import { Slots } from './slots.ts'

describe('slots', () => {
  test('are the same for a replica as long as it is not freed, and another for each', () => {
    const slots = new Slots()
    const a = slots.idOf('app', 'a')
    assert.equal(slots.idOf('app', 'a'), a)
    assert.notEqual(slots.idOf('app', 'b'), a)
    assert.notEqual(slots.idOf('other', 'a'), a)
    assert.deepEqual(slots.freeOthers(new Set([a])).length, 2)
    assert.equal(slots.idOf('app', 'a'), a)
  })

  test('lead from names to ids and back, until they are freed', () => {
    const slots = new Slots()
    const a = slots.idOf('app', 'a')
    const b = slots.idOf('other', 'a')
    assert.deepEqual(
      [slots.findId('app', 'a'), slots.findId('other', 'a'), slots.findId('app', 'c')],
      [a, b, undefined],
    )
    assert.deepEqual(slots.nameOf(b), { service: 'other', replica: 'a' })
    slots.freeOthers(new Set([b]))
    assert.deepEqual([slots.findId('app', 'a'), slots.nameOf(a)], [undefined, undefined])
    assert.deepEqual(slots.nameOf(b), { service: 'other', replica: 'a' })
  })

  test('that are used again make another id, so that no pin is inherited', () => {
    const slots = new Slots()
    const first = slots.idOf('app', 'replica-0')
    for (let index = 1; index < MAX_SLOTS; index++) slots.idOf('app', `replica-${index}`)
    assert.throws(() => slots.idOf('app', 'one too many'), { code: 'LIMPET_TOO_MANY_REPLICAS' })
    slots.freeOthers(new Set())
    const again = slots.idOf('app', 'replica-0')
    assert.equal(slotOf(again), slotOf(first))
    assert.notEqual(again, first)
  })
})

test('a replica id keeps its slot in every generation, as an unsigned 32-bit number', () => {
  for (const generation of [0, 1, 2 ** 18 - 1, 2 ** 18]) {
    const id = replicaId(MAX_SLOTS - 1, generation)
    assert.equal(slotOf(id), MAX_SLOTS - 1)
    assert.equal(id, id >>> 0)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isClientId } from '../echo-words.ts'
import { newClientId } from './client-id.js'
import { SeenIds } from './seen-ids.js'
import { twoWords } from './words.js'

test('ids are UUIDs that replicas take, also where the browser has no crypto.randomUUID', () => {
  assert.ok(isClientId(newClientId()))
  const plainHttp = {
    getRandomValues: <View extends ArrayBufferView<ArrayBuffer>>(view: View) => crypto.getRandomValues(view),
  }
  const ids = Array.from({ length: 100 }, () => newClientId(plainHttp))
  for (const id of ids)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.ok(ids.every(isClientId))
  assert.equal(new Set(ids).size, 100)
})

test('ids are taken once, as far back as they are remembered', () => {
  const seen = new SeenIds(2)
  assert.deepEqual(
    ['a', 'a', 'b', 'c', 'c', 'b', 'a'].map((id) => seen.take(id)),
    [true, false, true, true, false, false, true],
  )
})

test('two words are two words', () => {
  assert.equal(
    twoWords(() => 0),
    'quiet tide',
  )
  assert.equal(
    twoWords(() => 0.999),
    'clear cove',
  )
})

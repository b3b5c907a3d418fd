import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CopyPool } from './copy-pool.ts'
import { READ_BYTES, SHORT_READ_BYTES } from './reading-socket.ts'

test('a buffer has room for what is asked, and not much more for little', () => {
  const copies = new CopyPool()
  for (const length of [1, 10_000, SHORT_READ_BYTES, SHORT_READ_BYTES + 16_384, READ_BYTES, 2 * READ_BYTES])
    assert.ok(copies.take(length).length >= length)
  assert.ok(copies.take(10_000).length < 100_000)
})

test('a buffer that was given back is used again, for content of its size', () => {
  const copies = new CopyPool()
  const [short, long] = [copies.take(10_000), copies.take(READ_BYTES)]
  copies.give(short)
  copies.give(long)
  assert.equal(copies.take(READ_BYTES), long)
  assert.equal(copies.take(10_000), short)
  assert.notEqual(copies.take(10_000), short)
})

test('no more than some megabytes are kept, and none that is out of the ordinary', () => {
  const copies = new CopyPool()
  const taken = Array.from({ length: 200 }, () => [copies.take(10_000), copies.take(READ_BYTES)]).flat()
  const large = copies.take(2 * READ_BYTES)
  for (const buffer of [...taken, large]) copies.give(buffer)
  const known = new Set([...taken, large])
  let kept = 0
  for (const length of [10_000, READ_BYTES, 2 * READ_BYTES])
    for (let buffer = copies.take(length); known.has(buffer); buffer = copies.take(length))
      kept += buffer.length
  assert.ok(kept > 0 && kept < 10_000_000, `${kept} bytes`)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LengthReader, UntilCloseReader } from './body.ts'
import { readContent } from './content.fixture.ts'

describe('content of a known length (RFC 9112 §6.2)', () => {
  test('none is complete before anything was read', () => {
    const reader = new LengthReader(0)
    assert.equal(reader.done, true)
    const { used, forwarded } = readContent(reader, Buffer.from('next'), 0)
    assert.equal(used, 0)
    assert.equal(forwarded.length, 0)
  })
  test('what follows it is left for the next message', () => {
    const reader = new LengthReader(3)
    const { used, forwarded } = readContent(reader, Buffer.from('headabcGET'), 4)
    assert.equal(used, 7)
    assert.equal(String(forwarded), 'abc')
    assert.equal(reader.done, true)
  })
  test('bytes behind the end of a read are not looked at', () => {
    const reader = new LengthReader(10)
    const { used, forwarded } = readContent(reader, Buffer.from('abcold'), 0, 3)
    assert.equal(used, 3)
    assert.equal(String(forwarded), 'abc')
    assert.equal(reader.done, false)
  })
  test('it comes in any number of reads', () => {
    const reader = new LengthReader(6)
    let all = ''
    for (const [piece, done] of [
      ['ab', false],
      ['', false],
      ['cde', false],
      ['fg', true],
    ] as const) {
      all += readContent(reader, Buffer.from(piece), 0).forwarded
      assert.equal(reader.done, done)
    }
    assert.equal(all, 'abcdef')
  })
})

describe('content that ends with its connection (RFC 9112 §6.3)', () => {
  test('all that comes belongs to it, and it never says that it is complete', () => {
    const reader = new UntilCloseReader()
    const reads = [
      readContent(reader, Buffer.from('headabc'), 4),
      readContent(reader, Buffer.from('defold'), 0, 3),
      readContent(reader, Buffer.from('head'), 4),
    ]
    assert.deepEqual(
      reads.map(({ used }) => used),
      [7, 3, 4],
    )
    assert.equal(reads.map(({ forwarded }) => String(forwarded)).join('|'), 'abc|def|')
    assert.equal(reader.done, false)
  })
})

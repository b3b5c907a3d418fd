import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LengthReader, UntilCloseReader } from './body.ts'

const textOf = (parts: readonly Buffer[]) => Buffer.concat(parts).toString()

describe('content of a known length (RFC 9112 §6.2)', () => {
  test('none is complete before anything was read', () => {
    const reader = new LengthReader(0)
    const out: Buffer[] = []
    assert.equal(reader.done, true)
    assert.equal(reader.read(Buffer.from('next'), 0, out), 0)
    assert.deepEqual(out, [])
  })
  test('what follows it is left for the next message', () => {
    const reader = new LengthReader(3)
    const out: Buffer[] = []
    assert.equal(reader.read(Buffer.from('headabcGET'), 4, out), 7)
    assert.equal(textOf(out), 'abc')
    assert.equal(reader.done, true)
  })
  test('it comes in any number of reads', () => {
    const reader = new LengthReader(6)
    const out: Buffer[] = []
    for (const [piece, done] of [
      ['ab', false],
      ['', false],
      ['cde', false],
      ['fg', true],
    ] as const) {
      reader.read(Buffer.from(piece), 0, out)
      assert.equal(reader.done, done)
    }
    assert.equal(textOf(out), 'abcdef')
  })
  test('a read that is all content goes on uncopied, as the very buffer', () => {
    const chunk = Buffer.from('abc')
    const out: Buffer[] = []
    new LengthReader(10).read(chunk, 0, out)
    assert.equal(out[0], chunk)
  })
  test('a part of a read goes on as a view of it', () => {
    const chunk = Buffer.from('abcdef')
    const out: Buffer[] = []
    new LengthReader(2).read(chunk, 1, out)
    assert.equal(out[0]!.buffer, chunk.buffer)
    assert.equal(textOf(out), 'bc')
  })
})

describe('content that ends with its connection (RFC 9112 §6.3)', () => {
  test('all that comes belongs to it, and it never says that it is complete', () => {
    const reader = new UntilCloseReader()
    const out: Buffer[] = []
    assert.equal(reader.read(Buffer.from('headabc'), 4, out), 7)
    assert.equal(reader.read(Buffer.from('def'), 0, out), 3)
    assert.equal(reader.read(Buffer.from('head'), 4, out), 4)
    assert.equal(textOf(out), 'abcdef')
    assert.equal(out.length, 2)
    assert.equal(reader.done, false)
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Content } from './content.ts'

test('pieces are what they add up to, as text and as bytes', () => {
  const content = new Content()
  content.add(Buffer.from('..abc..'), 2, 5)
  content.add(Buffer.from('\xff\0', 'latin1'), 0, 2)
  assert.equal(content.bytes, 5)
  assert.equal(content.text(), 'abc\xff\0')
  const target = Buffer.alloc(8, '-')
  assert.equal(content.copyTo(target, 2), 7)
  assert.equal(target.toString('latin1'), '--abc\xff\0-')
})

test('nothing is copied: a piece is its source as that is when it is asked for', () => {
  const source = Buffer.from('abc')
  const content = new Content()
  content.add(source, 0, 3)
  source.fill('x')
  assert.equal(content.text(), 'xxx')
})

test('an empty piece is none', () => {
  const content = new Content()
  content.add(Buffer.from('abc'), 2, 2)
  assert.equal(content.bytes, 0)
  assert.equal(content.text(), '')
})

test('cleared, it holds only what comes next', () => {
  const content = new Content()
  content.add(Buffer.from('abc'), 0, 3)
  content.add(Buffer.from('def'), 0, 3)
  content.clear()
  assert.equal(content.text(), '')
  content.add(Buffer.from('xyz'), 1, 2)
  assert.equal(content.text(), 'y')
  assert.equal(content.bytes, 1)
})

test('each piece is given out in order, with where it stands in its source', () => {
  const content = new Content()
  const [first, second] = [Buffer.from('..abc'), Buffer.from('de..')]
  content.add(first, 2, 5)
  content.add(second, 1, 1)
  content.add(second, 0, 2)
  const taken: unknown[] = []
  content.each((...piece) => taken.push(piece))
  assert.deepEqual(taken, [
    [first, 2, 5],
    [second, 0, 2],
  ])
  content.clear()
  content.each(() => assert.fail('a piece of what was cleared'))
})

test('all pieces of another content are added to what is there, and stay where they are too', () => {
  const content = new Content()
  const other = new Content()
  content.add(Buffer.from('abc'), 0, 3)
  other.add(Buffer.from('..de'), 2, 4)
  other.add(Buffer.from('f'), 0, 1)
  content.addAll(other)
  content.addAll(new Content())
  assert.deepEqual([content.text(), content.bytes], ['abcdef', 6])
  assert.deepEqual([other.text(), other.bytes], ['def', 3])
})

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

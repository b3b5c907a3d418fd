import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldBytes } from './held-bytes.ts'

const textOf = ({ bytes, length }: HeldBytes) => bytes.toString('latin1', 0, length)

test('what is appended is copied, and a 0 stands behind it', () => {
  const held = new HeldBytes()
  const read = Buffer.from('..abc..')
  held.append(read, 2, 5)
  read.fill('!')
  assert.equal(textOf(held), 'abc')
  assert.equal(held.bytes[3], 0)
  held.append(Buffer.from('def'), 0, 3)
  assert.equal(textOf(held), 'abcdef')
  assert.equal(held.bytes[6], 0)
})

test('bytes that drip in are not copied over and over', () => {
  const held = new HeldBytes()
  const drop = Buffer.from('x')
  const buffers = new Set<Buffer>()
  for (let count = 0; count < 10_000; count++) {
    held.append(drop, 0, 1)
    buffers.add(held.bytes)
  }
  assert.equal(textOf(held), 'x'.repeat(10_000))
  assert.ok(buffers.size < 20, `${buffers.size} buffers`)
})

test('a line end is looked for in what is new', () => {
  const held = new HeldBytes()
  held.append(Buffer.from('a\r\nb'), 0, 4)
  assert.equal(held.endsLine(0), true)
  assert.equal(held.endsLine(3), false)
  held.append(Buffer.from('\n'), 0, 1)
  assert.equal(held.endsLine(4), true)
})

test('cleared, it holds nothing, nor memory', () => {
  const held = new HeldBytes()
  held.append(Buffer.alloc(1000), 0, 1000)
  held.clear()
  assert.equal(held.length, 0)
  assert.equal(held.bytes.length, 0)
  held.append(Buffer.from('a'), 0, 1)
  assert.equal(textOf(held), 'a')
})

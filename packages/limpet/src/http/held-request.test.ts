import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from './content.ts'
import { HeldRequest } from './held-request.ts'

/** Appends what a read brings, which is overwritten as soon as that is over. */
function append(held: HeldRequest, ...pieces: readonly string[]): void {
  const content = new Content()
  const sources = pieces.map((piece) => Buffer.from(`##${piece}##`, 'latin1'))
  for (const source of sources) content.add(source, 2, source.length - 2)
  held.append(content)
  for (const source of sources) source.fill('!')
}

function holding(chunked: boolean, ...reads: readonly string[]): HeldRequest {
  const held = new HeldRequest(1000, chunked)
  for (const read of reads) append(held, read)
  return held
}

describe('a request whose content is kept', () => {
  test('has it as it came, in pieces and reads', () => {
    const held = holding(false, 'one')
    append(held, ' t', 'w', 'o')
    assert.equal(held.bytes.toString('latin1'), 'one two')
    assert.equal(held.decoded().toString('latin1'), 'one two')
  })

  test('has too much of it from one byte more than was asked for, chunks and all', () => {
    for (const chunked of [false, true]) {
      const held = new HeldRequest(10, chunked)
      append(held, 'x'.repeat(9), 'x')
      assert.equal(held.isTooLong, false)
      append(held, 'x')
      assert.equal(held.isTooLong, true)
    }
  })

  test('has nothing where there is nothing', () => {
    for (const held of [holding(false), new HeldRequest(0, false)]) {
      assert.equal(held.isTooLong, false)
      assert.equal(held.framed(held.decoded()).length, 0)
    }
  })

  test('goes on as it was edited', () => {
    const held = holding(false, 'one two')
    held.decoded().write('ONE')
    assert.equal(held.framed(held.decoded()).toString(), 'ONE two')
  })
})

describe('a request whose chunked content is kept', () => {
  for (const [what, reads, decoded, framed] of [
    ['in one chunk', ['3\r\none\r\n0\r\n\r\n'], 'one', '3\r\none\r\n0\r\n\r\n'],
    ['in several', ['3\r\none\r\n4\r\n two\r\n0\r\n\r\n'], 'one two', '7\r\none two\r\n0\r\n\r\n'],
    [
      'in pieces of chunks',
      ['3\r', '\nonetail'.slice(0, 2), 'ne\r', '\n0\r\n', '\r\n'],
      'one',
      '3\r\none\r\n0\r\n\r\n',
    ],
    [
      'with extensions, which are for this hop',
      ['3;a="b"\r\none\r\n0;x\r\n\r\n'],
      'one',
      '3\r\none\r\n0\r\n\r\n',
    ],
    [
      'with trailers, which nobody asked for',
      ['3\r\none\r\n0\r\nX-A: b\r\n\r\n'],
      'one',
      '3\r\none\r\n0\r\n\r\n',
    ],
    ['of nothing', ['0\r\n\r\n'], '', '0\r\n\r\n'],
    [
      'of what looks like chunks',
      ['5\r\n0\r\n\r\n\r\n0\r\n\r\n'],
      '0\r\n\r\n',
      '5\r\n0\r\n\r\n\r\n0\r\n\r\n',
    ],
    [
      'of every byte',
      [`100\r\n${Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')}\r\n0\r\n\r\n`],
      undefined,
      undefined,
    ],
  ] as const) {
    test(`${what} is read without its framing, and goes on in one chunk`, () => {
      const held = holding(true, ...reads)
      const content = held.decoded()
      assert.equal(content.toString('latin1'), decoded ?? reads[0]!.slice(5, 261))
      assert.equal(held.framed(content).toString('latin1'), framed ?? reads.join(''))
      assert.equal(held.bytes.toString('latin1'), reads.join(''))
    })
  }

  test('goes on as it was edited, with its own length', () => {
    const held = holding(true, `a\r\n0123456789\r\n0\r\n\r\n`)
    const content = held.decoded()
    content.write('X')
    assert.equal(held.framed(content).toString(), 'a\r\nX123456789\r\n0\r\n\r\n')
    assert.equal(held.framed(content.subarray(0, 2)).toString(), '2\r\nX1\r\n0\r\n\r\n')
  })
})

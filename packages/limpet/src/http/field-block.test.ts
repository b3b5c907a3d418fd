import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BAD_HEAD, FieldBlock, INCOMPLETE, TOO_MANY } from './field-block.ts'
import { FIELD } from './header-names.ts'

interface Read {
  readonly block: FieldBlock
  /** Whether the lines and the empty line behind them, and nothing else, were read. */
  readonly valid: boolean
  readonly result: number
}

/** Reads `lines` (with their CRLFs) and an empty line, between other bytes. */
function read(lines: string, maxFields = 100): Read {
  return readAll(`${lines}\r\n`, maxFields)
}

function readAll(text: string, maxFields = 100): Read {
  const block = new FieldBlock()
  const bytes = Buffer.from(`7 bytes${text}\0\r\n\r\n`, 'latin1')
  const end = 7 + text.length
  block.text = bytes.toString('latin1', 7)
  const result = block.read(bytes, 7, 7, end, maxFields)
  return { block, result, valid: result === end }
}

function fieldsOf(lines: string): [name: string, value: string][] {
  const { block, valid } = read(lines)
  assert.ok(valid, 'the lines are refused')
  return Array.from({ length: block.count }, (_, field) => [block.name(field), block.value(field)])
}

describe('lines that are fields (RFC 9112 §5)', () => {
  const cases: readonly (readonly [why: string, lines: string, fields: [string, string][]])[] = [
    ['none', '', []],
    ['one', 'A: b\r\n', [['A', 'b']]],
    ['no space behind the colon', 'A:b\r\n', [['A', 'b']]],
    ['spaces and tabs around the value are not part of it', 'A: \t b c\t \r\n', [['A', 'b c']]],
    ['spaces and tabs inside the value are', 'A: b \t c\r\n', [['A', 'b \t c']]],
    ['an empty value', 'A:\r\n', [['A', '']]],
    ['a value of spaces alone is empty', 'A: \t \r\n', [['A', '']]],
    ['a colon in the value', 'A: b:c\r\n', [['A', 'b:c']]],
    ['bytes from 0x80 in the value (obs-text)', 'A: caf\xe9\xff\x80\r\n', [['A', 'caf\xe9\xff\x80']]],
    ['every token byte in the name', "!#$%&'*+-.^_`|~09azAZ: b\r\n", [["!#$%&'*+-.^_`|~09azAZ", 'b']]],
    [
      'order, spelling and repeats stay',
      'b: 1\r\nA: 2\r\nB: 3\r\n',
      [
        ['b', '1'],
        ['A', '2'],
        ['B', '3'],
      ],
    ],
  ]
  for (const [why, lines, fields] of cases) test(why, () => assert.deepEqual(fieldsOf(lines), fields))
})

describe('lines that are refused', () => {
  const cases: readonly (readonly [why: string, lines: string])[] = [
    ['no colon', 'A\r\n'],
    ['no name', ': b\r\n'],
    ['a space before the colon (RFC 9112 §5.1)', 'A : b\r\n'],
    ['a tab before the colon', 'A\t: b\r\n'],
    ['folded with a space (RFC 9112 §5.2)', 'A: b\r\n c\r\n'],
    ['folded with a tab', 'A: b\r\n\tc\r\n'],
    ['white space before the first name', ' A: b\r\n'],
    ['an empty line between fields', 'A: b\r\n\r\nC: d\r\n'],
    ['a bare LF at the end (RFC 9112 §2.2)', 'A: b\nC: d\r\n'],
    ['a bare CR in the value', 'A: b\rc\r\n'],
    ['two CRs at the end', 'A: b\r\r\n'],
    ['a bare CR before the value', 'A:\rb\r\n'],
    ['a name with brackets', 'X[]: b\r\n'],
    ['a name with byte 0xEF', '\xef: b\r\n'],
    ['a line cut off', 'A: b'],
    ['a line with CR and no LF', 'A: b\r'],
  ]
  for (const [why, lines] of cases) test(why, () => assert.equal(read(lines).valid, false))

  test('every control character in a value, NUL and DEL too (RFC 9110 §5.5)', () => {
    for (let byte = 0; byte < 256; byte++) {
      const allowed = byte === 9 || (byte >= 32 && byte !== 127)
      assert.equal(read(`A: b${String.fromCharCode(byte)}c\r\n`).valid, allowed, `byte ${byte}`)
    }
  })
  test('every byte in a name that no token has (RFC 9110 §5.6.2)', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte)
      // A colon ends the name early: `a:c: b` is a field `a`.
      const allowed = /[!#$%&'*+\-.^_`|~0-9A-Za-z:]/.test(char)
      assert.equal(read(`a${char}c: b\r\n`).valid, allowed, `byte ${byte}`)
    }
  })
})

describe('lines that have not come whole', () => {
  const lines = 'A: b\r\nX-Long-Name:  c \t\r\nEmpty:\r\n\r\n'

  test('every beginning of them is incomplete, whatever an older read left behind it', () => {
    for (let length = 0; length < lines.length; length++)
      assert.equal(readAll(lines.slice(0, length)).result, INCOMPLETE, `${length} bytes`)
    assert.ok(readAll(lines).valid)
  })
  test('what follows the empty line is left alone', () => {
    assert.equal(readAll(`${lines}next`).result, 7 + lines.length)
  })
  test('a line that is wrong is wrong as soon as that can be told', () => {
    for (const beginning of ['A: b\r\n c', 'A: b\n', 'A: b\rx', 'A b', ': '])
      assert.equal(readAll(beginning).result, BAD_HEAD, JSON.stringify(beginning))
  })
  test('one line more than there may be is too many, however many follow', () => {
    assert.ok(read('A: b\r\n'.repeat(3), 3).valid)
    assert.equal(read('A: b\r\n'.repeat(4), 3).result, TOO_MANY)
  })
})

describe('what a block tells of its fields', () => {
  const lines = 'Host: a\r\nX-One: 1\r\nContent_Length: 3\r\nx-one: 2\r\n'

  test('known fields by number, others by 0, look-alikes by 255', () => {
    const { block } = read(lines)
    assert.deepEqual([...block.number.subarray(0, block.count)], [FIELD.host, 0, 255, 0])
  })
  test('where each line starts and ends, counted from the head', () => {
    const { block } = read(lines)
    assert.deepEqual(
      Array.from({ length: block.count }, (_, field) =>
        lines.slice(block.lineStart[field], block.lineStart[field + 1]),
      ).join(''),
      lines,
    )
  })
  test('a field is found by its lower-case name, whatever its spelling', () => {
    const { block } = read(lines)
    assert.equal(block.find('x-one'), '1')
    assert.equal(block.indexOf('x-one', 2), 3)
    assert.equal(block.indexOf('x-one', 4), -1)
    assert.equal(block.find('x-on'), undefined)
    assert.equal(block.find('content-length'), undefined)
  })
  test('a tab behind a value is seen, one before it is not', () => {
    const { block } = read('A: b\r\nA: b\t\r\nA:\tb \r\nA: b \t \r\nA: b\tc\r\n')
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((field) => block.hasTabBehind(field)),
      [false, true, false, true, false],
    )
  })
  test('however many are allowed, no more are stored than there is room for', () => {
    assert.equal(read('A: b\r\n'.repeat(1024), 2000).block.count, 1024)
    assert.equal(read('A: b\r\n'.repeat(1025), 2000).result, TOO_MANY)
  })
  test('a block that is read again forgets what it held', () => {
    const block = new FieldBlock()
    for (const text of ['A: b\r\nC: d\r\n\r\n', 'E: f\r\n\r\n']) {
      const bytes = Buffer.from(text)
      block.text = text
      assert.equal(block.read(bytes, 0, 0, bytes.length, 100), bytes.length)
    }
    assert.equal(block.count, 1)
    assert.equal(block.find('a'), undefined)
    assert.equal(block.find('e'), 'f')
  })
})

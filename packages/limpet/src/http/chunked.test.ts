import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../placement/view.fixture.ts'
import { MALFORMED } from './body.ts'
import { decodeChunked } from './chunked.fixture.ts'
import { ChunkedReader } from './chunked.ts'
import { readContent } from './content.fixture.ts'
import { Content } from './content.ts'

interface Read {
  /** What is forwarded, or undefined where the content is malformed. */
  readonly text: string | undefined
  readonly done: boolean
  /** How many bytes of the text belonged to the content. */
  readonly used: number
}

/** Reads `text` (Latin-1), cut into reads at `cuts` (ascending offsets). */
function read(text: string, verbatim: boolean, cuts: readonly number[] = []): Read {
  const bytes = Buffer.from(text, 'latin1')
  const reader = new ChunkedReader(verbatim)
  let forwarded = ''
  let from = 0
  for (const to of [...cuts, bytes.length]) {
    // A read stands between other bytes: those before it, and an older read's behind it, as if it were shorter.
    const piece = Buffer.concat([Buffer.from('##'), bytes.subarray(from, to), Buffer.from('0\r\n\r\n0')])
    const end = 2 + to - from
    const result = readContent(reader, piece, 2, end)
    if (result.used === MALFORMED) return { text: undefined, done: false, used: from }
    forwarded += result.forwarded.toString('latin1')
    if (reader.done) return { text: forwarded, done: true, used: from + result.used - 2 }
    assert.equal(result.used, end, 'an unfinished reader uses all it gets')
    from = to
  }
  return { text: forwarded, done: false, used: from }
}

/** Outcomes for every way to cut `text` into one, two or three reads, and into single bytes. */
function readEveryWay(text: string, verbatim: boolean): Read[] {
  const results = [
    read(text, verbatim),
    read(
      text,
      verbatim,
      Array.from({ length: text.length }, (_, at) => at),
    ),
  ]
  for (let first = 0; first <= text.length; first++) {
    results.push(read(text, verbatim, [first]))
    for (let second = first; second <= text.length; second += 3)
      results.push(read(text, verbatim, [first, second]))
  }
  return results
}

describe('content that is accepted, cut anywhere (RFC 9112 §7.1)', () => {
  const cases: readonly (readonly [why: string, text: string, forwarded: string, data: string])[] = [
    ['empty', '0\r\n\r\n', '0\r\n\r\n', ''],
    ['one chunk', '3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\n0\r\n\r\n', 'abc'],
    [
      'several chunks',
      '3\r\nabc\r\n1\r\nd\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n',
      '3\r\nabc\r\n1\r\nd\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n',
      'abcd0123456789abcdef',
    ],
    [
      'data that looks like framing',
      '7\r\n0\r\n\r\n\r\n\r\n5\r\n\n\r\n0\r\r\n0\r\n\r\n',
      '7\r\n0\r\n\r\n\r\n\r\n5\r\n\n\r\n0\r\r\n0\r\n\r\n',
      '0\r\n\r\n\r\n\n\r\n0\r',
    ],
    ['bytes from 0x80 and NUL', '3\r\n\xff\0\x80\r\n0\r\n\r\n', '3\r\n\xff\0\x80\r\n0\r\n\r\n', '\xff\0\x80'],
    [
      'extensions are dropped (RFC 9112 §7.1.1)',
      '3;a\r\nabc\r\n1;b="c d";e=f\r\nd\r\n2;\r\nef\r\n0;x\r\n\r\n',
      '3\r\nabc\r\n1\r\nd\r\n2\r\nef\r\n0\r\n\r\n',
      'abcdef',
    ],
    [
      'an extension between plain chunks',
      '1\r\na\r\n1;x\r\nb\r\n1\r\nc\r\n0\r\n\r\n',
      '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n',
      'abc',
    ],
    ['a safe trailer', '1\r\na\r\n0\r\nX-T: 1\r\n\r\n', '1\r\na\r\n0\r\nX-T: 1\r\n\r\n', 'a'],
    [
      'trailers that must not act are dropped (RFC 9110 §6.5.1)',
      '1\r\na\r\n0\r\nHost: evil\r\nX-T: 1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nAuthorization: x\r\nX-U: 2\r\n\r\n',
      '1\r\na\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n',
      'a',
    ],
    ['no trailer is left', '0\r\nHost: evil\r\n\r\n', '0\r\n\r\n', ''],
  ]
  for (const [why, text, forwarded, data] of cases) {
    test(why, () => {
      for (const { text: found, done, used } of readEveryWay(`${text}GET /next`, true)) {
        assert.equal(found, forwarded)
        assert.equal(done, true)
        assert.equal(used, text.length, 'what follows is left for the next message')
      }
      for (const { text: found, used } of readEveryWay(`${text}GET /next`, false)) {
        assert.equal(found, data)
        assert.equal(used, text.length)
      }
    })
    test(`${why}: incomplete without its last byte`, () => {
      for (const verbatim of [true, false]) {
        for (const { text: found, done } of readEveryWay(text.slice(0, -1), verbatim)) {
          assert.equal(done, false)
          assert.notEqual(found, undefined)
        }
      }
    })
  }
  // A size in another spelling goes on as it came or written anew, by how it was cut: the data is the same.
  for (const size of ['A', 'a', '0a', '0000000000A', '00a;x'])
    test(`a size written ${size}`, () => {
      const text = `${size}\r\n0123456789\r\n00\r\n\r\n`
      for (const { text: found, done } of readEveryWay(text, true)) {
        assert.equal(done, true)
        assert.equal(decodeChunked(found ?? '').data, '0123456789')
      }
    })
})

describe('content that is refused, cut anywhere', () => {
  const sizes = [
    '0x1',
    '+1',
    '-1',
    ' 1',
    '1 ',
    '\t1',
    '1\t',
    '',
    'z',
    '1g',
    '1_0',
    '1.0',
    '1\x0b',
    '1\0',
    '1\xa0',
    '"1"',
    '10000000000000001',
    'fffffffffffffffff',
    '00000000000001',
    ' ;a',
    ';a',
    '1 ;a',
  ]
  const cases: readonly (readonly [why: string, text: string])[] = [
    ...sizes.map((size) => [`a size written ${JSON.stringify(size)}`, `${size}\r\na\r\n0\r\n\r\n`] as const),
    ['LF alone behind a size', '1\na\r\n0\r\n\r\n'],
    ['CR alone behind a size', '1\ra\r\n0\r\n\r\n'],
    ['two CRs behind a size', '5\r\r;ABCD\r\n0\r\n\r\n'],
    ['LF alone behind data', '1\r\na\n0\r\n\r\n'],
    ['CR alone behind data', '1\r\na\r0\r\n\r\n'],
    ['more data than the size says', '1\r\nab\r\n0\r\n\r\n'],
    ['less data than the size says', '3\r\nab\r\n0\r\n\r\n'],
    ['an empty line before a size', '1\r\na\r\n\r\n0\r\n\r\n'],
    ['LF alone in an extension', '1;a\nb\r\na\r\n0\r\n\r\n'],
    ['CR alone in an extension', '1;a\rb\r\na\r\n0\r\n\r\n'],
    ['NUL in an extension', '1;a\0b\r\na\r\n0\r\n\r\n'],
    ['LF alone behind the last chunk', '0\n\r\n'],
    ['LF alone for the final line', '0\r\n\n'],
    ['a letter in the final line', '0\r\n\rX\n'],
    ['LF alone behind a trailer', '0\r\nX-T: 1\n\r\n'],
    ["a space before a trailer's colon", '0\r\nX-T : 1\r\n\r\n'],
    ['a folded trailer', '0\r\nX-T: 1\r\n 2\r\n\r\n'],
    ['a trailer without a colon', '0\r\nGET / HTTP/1.1\r\n\r\n'],
  ]
  for (const [why, text] of cases) {
    test(why, () => {
      for (const verbatim of [true, false]) {
        for (const { text: found, done } of readEveryWay(`2\r\nab\r\n${text}`, verbatim)) {
          assert.equal(done, false)
          assert.equal(found, undefined)
        }
      }
    })
  }
})

describe('bounds', () => {
  const chunk = (extension: string) => `1;${extension}\r\na\r\n`

  test('extensions of 4 KiB in all are read, more are refused', () => {
    assert.equal(
      read(`${chunk('x'.repeat(4000))}${chunk('y'.repeat(96))}0\r\n\r\n`, true).text,
      '1\r\na\r\n1\r\na\r\n0\r\n\r\n',
    )
    assert.equal(read(`${chunk('x'.repeat(4000))}${chunk('y'.repeat(97))}0\r\n\r\n`, true).text, undefined)
    assert.equal(read(`1;${'x'.repeat(5000)}`, true).text, undefined, 'before its line is complete')
  })
  test('a trailer section of 8 KiB is read, more is refused, however it comes', () => {
    const section = (bytes: number) => `0\r\nX-T: ${'t'.repeat(bytes - 9)}\r\n\r\n`
    assert.equal(read(section(8192), true).text, section(8192))
    assert.equal(read(section(8193), true).text, undefined)
    const endless = `0\r\nX-T: ${'t'.repeat(9000)}`
    assert.equal(read(endless, true).text, undefined)
    assert.equal(
      read(
        endless,
        true,
        Array.from({ length: endless.length }, (_, at) => at),
      ).text,
      undefined,
    )
  })
  test('the largest size is read as a number that is exact', () => {
    const reader = new ChunkedReader(false)
    assert.equal(readContent(reader, Buffer.from('fffffffffffff\r\nabc'), 0).used, 18)
    assert.equal(reader.done, false)
  })
})

test('what goes on as it came is one piece, not one for each chunk', () => {
  const bytes = Buffer.from('3\r\nabc\r\n2\r\nde\r\n'.repeat(100))
  const content = new Content()
  const pieces: [number, number][] = []
  content.add = (_, from, to) => void pieces.push([from, to])
  new ChunkedReader(true).read(bytes, 0, bytes.length, content)
  assert.deepEqual(pieces, [[0, bytes.length]])
})

test('random chunkings, cut at random, decode to their data and go on as chunks of the same data', (t) => {
  const seed = Number(process.env.CHUNKED_SEED ?? Math.floor(Math.random() * 2 ** 32))
  t.diagnostic(`CHUNKED_SEED=${seed}`)
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  for (let round = 0; round < 4000; round++) {
    let data = ''
    let text = ''
    for (let chunks = below(6); chunks > 0; chunks--) {
      const length = 1 + below(below(4) === 0 ? 600 : 12)
      const piece = Array.from({ length }, () => '0\r\n;a\xff\0'.charAt(below(7))).join('')
      const hex = length.toString(16)
      const size = below(2) === 0 ? hex : hex.toUpperCase().padStart(below(8), '0')
      text += `${size}${below(3) === 0 ? `;${'e="x" '.repeat(below(9))}` : ''}\r\n${piece}\r\n`
      data += piece
    }
    const safe = Array.from({ length: below(3) }, (_, index) => `X-T${index}: ${'v'.repeat(below(9))}`)
    const unsafe = ['Content-Length: 5', 'Host: evil', 'Transfer-Encoding: chunked', 'Cookie: a=b']
    const trailers = [...safe, ...unsafe.filter(() => below(6) === 0)].sort(() => random() - 0.5)
    text += `${'0'.repeat(1 + below(3))}\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`
    const next = below(2) === 0 ? '' : 'GET / HTTP/1.1\r\n'
    const cuts = Array.from({ length: below(12) }, () => below(text.length)).sort((a, b) => a - b)

    const why = () => `CHUNKED_SEED=${seed} round ${round}: ${JSON.stringify(text)} cut at ${cuts}`
    const decoded = read(text + next, false, cuts)
    assert.equal(decoded.text, data, why())
    assert.equal(decoded.used, text.length, why())
    const verbatim = read(text + next, true, cuts)
    assert.equal(verbatim.done, true, why())
    assert.equal(verbatim.used, text.length, why())
    const again = decodeChunked(verbatim.text ?? '')
    assert.equal(again.data, data, why())
    assert.deepEqual(
      again.trailers,
      trailers.filter((line) => safe.includes(line)),
      why(),
    )
    assert.doesNotMatch(again.sizeLines.join(), /;/, why())
  }
})

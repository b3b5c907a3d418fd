import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import { contentOf, createRandom } from './mcp.fixture.ts'
import { WholeEvents } from './whole-events.ts'

const MIB = 1024 * 1024

/** What `events` passes on of one read, which is overwritten as soon as it is over. */
function take(events: WholeEvents, ...pieces: readonly string[]): string {
  const content = new Content()
  const sources = pieces.map((piece) => Buffer.from(`##${piece}##`, 'latin1'))
  for (const source of sources) content.add(source, 2, source.length - 2)
  const out = new Content()
  events.take(content, out)
  const text = out.text()
  for (const source of sources) source.fill('!')
  return text
}

function end(events: WholeEvents): string {
  const out = new Content()
  events.end(out)
  return out.text()
}

/**
 * How long a text's whole events are, by the standard's own words (WHATWG HTML §9.2.5 and 9.2.6): lines end with
 * CRLF, LF or CR, and an empty line ends an event. `eol`: how all lines end, where that is known.
 */
function wholeLength(text: string, eol?: string): number {
  let whole = 0
  for (const line of text.matchAll(eol === '\r\n' ? /([^\r\n]*)(\r\n)/g : /([^\r\n]*)(\r\n|\n|\r)/g))
    if (line[1] === '') whole = line.index + line[0].length
  return whole
}

/** Whether the text ends between two events. */
function isBetweenEvents(text: string): boolean {
  const rest = text.slice(wholeLength(text))
  return rest === ''
}

describe('whole events', () => {
  for (const [what, pieces, passed, rest] of [
    ['are passed on as they come', ['data: a\n\n', 'data: b\n\n'], ['data: a\n\n', 'data: b\n\n'], ''],
    ['are passed on several at a time', ['data: a\n\ndata: b\n\n'], ['data: a\n\ndata: b\n\n'], ''],
    [
      'are passed on while another has begun',
      ['data: a\n\ndata: b', '\n\n'],
      ['data: a\n\n', 'data: b\n\n'],
      '',
    ],
    ['are waited for', ['data', ': a', '\n', '\n'], ['', '', '', 'data: a\n\n'], ''],
    [
      'may have lines that end with CRLF',
      ['data: a\r\n\r\ndata: b\r\n\r\n'],
      ['data: a\r\n\r\ndata: b\r\n\r\n'],
      '',
    ],
    ['may have lines that end with CR', ['data: a\r\rda', 'ta: b\r\r'], ['data: a\r\r', 'data: b\r\r'], ''],
    [
      'may come byte by byte, with CRLF',
      [...'a\r\n\r\nb\r\n\r\n'],
      ['', '', '', '', 'a\r\n\r\n', '', '', '', '', 'b\r\n\r\n'],
      '',
    ],
    [
      'may be split in the middle of a CRLF',
      ['data: a\r\n\r', '\ndata: b\r', '\n\r\n'],
      ['', 'data: a\r\n\r\n', 'data: b\r\n\r\n'],
      '',
    ],
    ['are passed on at the end, whole or not', ['data: a\n\ndata: b'], ['data: a\n\n'], 'data: b'],
    ['may be comments', [': ping\n\n', ': ping\n\n: pi'], [': ping\n\n', ': ping\n\n'], ': pi'],
    ['may be nothing', ['', '\n\n', '\n\n'], ['', '\n\n', '\n\n'], ''],
  ] as const) {
    test(what, () => {
      const events = new WholeEvents()
      assert.deepEqual(
        pieces.map((piece) => take(events, piece)),
        passed,
      )
      assert.equal(events.torn, false)
      assert.equal(end(events), rest)
    })
  }

  test('are kept apart from what comes in other pieces of one read', () => {
    const events = new WholeEvents()
    assert.equal(
      take(events, 'data: a', '\n', '\ndata: b\n\n', 'data: c\n\n', 'data: d'),
      'data: a\n\ndata: b\n\ndata: c\n\n',
    )
    assert.equal(end(events), 'data: d')
  })

  test('go on with those of another stream, without the one that broke off', () => {
    const events = new WholeEvents()
    assert.equal(take(events, 'data: a\n\ndata: half'), 'data: a\n\n')
    events.restart()
    assert.equal(take(events, 'data: b\n\n'), 'data: b\n\n')
    assert.equal(end(events), '')
  })
})

const random = createRandom(925)
const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!

/** A stream whose lines end in one way, as a server writes them. */
function writeStream(eol: string): string {
  const lines = ['data: {"a":1}', 'id: 7', 'event: message', ': ping', 'data:', 'retry: 5', 'ä\0\xff', 'x']
  const event = () => Array.from({ length: 1 + random(4) }, () => pick(lines) + eol).join('') + eol
  return Array.from({ length: 1 + random(5) }, event).join('')
}

for (const [name, eol] of [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
] as const)
  describe(`a stream whose lines end with ${name}`, () => {
    test('comes through each split in three whole, never ends within an event, and keeps nothing back', () => {
      for (let round = 0; round < 25; round++) {
        const text = writeStream(eol)
        for (let first = 0; first <= text.length; first++)
          for (let second = first; second <= text.length; second += 1 + random(6)) {
            const events = new WholeEvents()
            let passed = ''
            let given = ''
            for (const piece of [text.slice(0, first), text.slice(first, second), text.slice(second)]) {
              given += piece
              passed += take(events, piece)
              assert.equal(
                passed,
                text.slice(0, wholeLength(given, eol)),
                JSON.stringify([text, first, second]),
              )
            }
            assert.equal(events.torn, false)
            assert.equal(passed + end(events), text)
          }
      }
    })

    test('comes through byte by byte', () => {
      for (let round = 0; round < 200; round++) {
        const text = writeStream(eol)
        const events = new WholeEvents()
        let passed = ''
        for (let at = 0; at < text.length; at++) {
          passed += take(events, text[at]!)
          assert.equal(passed, text.slice(0, wholeLength(text.slice(0, at + 1), eol)))
        }
      }
    })
  })

describe('a stream whose lines end in all ways', () => {
  test('comes through in order, and what came through never ends within an event', () => {
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: 1 + random(40) }, () =>
        pick(['\n', '\r', '\r\n', '\n\n', 'a', 'data: b']),
      ).join('')
      const events = new WholeEvents()
      let passed = ''
      for (let at = 0; at < text.length; ) {
        const size = 1 + random(6)
        passed += take(events, text.slice(at, at + size))
        at += size
        assert.ok(isBetweenEvents(passed), JSON.stringify([text, passed]))
      }
      assert.equal(passed + end(events), text)
    }
  })

  test('comes through as soon as an event is whole, however many bytes its last line has', () => {
    for (const text of ['\n\r\n', 'a\n\r\n', 'a\r\n\n', 'a\n\n', '\r\r']) {
      const events = new WholeEvents()
      assert.equal([...text].map((byte) => take(events, byte)).join(''), text, JSON.stringify(text))
    }
  })
})

describe('an event of more than 1 MiB', () => {
  const large = `data: ${'x'.repeat(2 * MIB)}`

  test('is not kept: it passes in parts, and the stream is torn until its end', () => {
    const events = new WholeEvents()
    let passed = ''
    for (let at = 0; at < large.length; at += 65_536) {
      passed += take(events, large.slice(at, at + 65_536))
      assert.ok(at + 65_536 - passed.length <= MIB + 65_536)
    }
    assert.equal(events.torn, true)
    passed += take(events, '\n\ndata: b\n\n')
    assert.equal(events.torn, false)
    assert.equal(passed, `${large}\n\ndata: b\n\n`)
  })

  for (const eol of ['\n', '\r\n', '\r'])
    test(`has an end wherever it was torn, with lines that end with ${JSON.stringify(eol)}`, () => {
      const text = `${large}${eol}${eol}`
      for (let tail = 0; tail <= 2 * eol.length; tail++) {
        const events = new WholeEvents()
        const at = text.length - tail
        let passed = take(events, text.slice(0, at))
        passed += take(events, text.slice(at))
        assert.equal(events.torn, false)
        passed += take(events, `data: b${eol}${eol}`)
        assert.equal(passed, `${text}data: b${eol}${eol}`)
        events.restart()
        assert.equal(take(events, 'data: c\n\n'), 'data: c\n\n')
      }
    })

  test('of which the rest is lost is ended, so that the next stream does not go on with it', () => {
    const events = new WholeEvents()
    let passed = take(events, large)
    events.restart()
    passed += take(events, 'data: b\n\n')
    assert.ok(passed.startsWith('data: xxx'))
    assert.match(passed.slice(-40), /x\n\ndata: b\n\n$/)
    assert.equal(events.torn, false)
  })

  test('takes a time that grows with its length, however small its pieces are', () => {
    const events = new WholeEvents()
    const piece = contentOf('x'.repeat(16))
    const out = new Content()
    const startedMs = performance.now()
    for (let count = 0; count < MIB / 4; count++) {
      out.clear()
      events.take(piece, out)
    }
    assert.ok(performance.now() - startedMs < 3000)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnswerContent } from './answer-content.ts'
import { Content } from './content.ts'
import { FramedAnswer } from './framed-answer.ts'

/** An answer that says what it is called with; it has enough at a "!". */
const spoken: AnswerContent = {
  status: 424,
  head: 'HTTP/1.1 424 Failed Dependency\r\nX-A: b\r\n',
  pass(content, out) {
    const text = content.text()
    if (text !== '') add(out, `<${text}>`)
    return !text.includes('!')
  },
  end: (out) => add(out, '.'),
  fail: (fault, out) => {
    add(out, `(${fault})`)
    return true
  },
  silenceMs: 50,
  idle: (out) => add(out, '~'),
}

/** An answer that is silent until its end, and then too. */
const silent: AnswerContent = {
  status: 200,
  head: 'HTTP/1.1 200 OK\r\n',
  pass: () => true,
  end: () => undefined,
  fail: () => false,
}

function add(out: Content, text: string): void {
  const bytes = Buffer.from(text, 'latin1')
  out.add(bytes, 0, bytes.length)
}

/** The content of one read, in pieces. */
function read(...pieces: readonly string[]): Content {
  const content = new Content()
  for (const piece of pieces) add(content, piece)
  return content
}

describe("an answer in place of the replica's, in chunks", () => {
  test('has the status and the head of its content, and says that it is chunked', () => {
    const answer = new FramedAnswer(spoken, true)
    assert.equal(answer.status, 424)
    assert.equal(answer.head, 'HTTP/1.1 424 Failed Dependency\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n')
  })

  test('goes out read by read, a chunk each, and ends with the last chunk', () => {
    const answer = new FramedAnswer(spoken, true)
    assert.equal(answer.next(read('one'), false).text(), '5\r\n<one>\r\n')
    assert.equal(answer.next(read('two', ' three'), false).text(), 'b\r\n<two three>\r\n')
    assert.equal(answer.next(read('four'), true).text(), '7\r\n<four>.\r\n0\r\n\r\n')
    assert.equal(answer.sated, false)
  })

  test('is nothing where there is nothing to say: an empty chunk would end it', () => {
    const answer = new FramedAnswer(silent, true)
    assert.equal(answer.next(read('one'), false).text(), '')
    assert.equal(answer.next(read(), false).text(), '')
    assert.equal(answer.next(read('two'), true).text(), '0\r\n\r\n')
  })

  test('ends before the replica does where it has enough, once', () => {
    const answer = new FramedAnswer(spoken, true)
    assert.equal(answer.next(read('one'), false).text(), '5\r\n<one>\r\n')
    assert.equal(answer.next(read('stop!'), false).text(), '8\r\n<stop!>.\r\n0\r\n\r\n')
    assert.equal(answer.sated, true)
  })

  for (const fault of ['cut', 'stalled'] as const) {
    test(`says what its content says where that is ${fault}, and ends whole`, () => {
      const answer = new FramedAnswer(spoken, true)
      answer.next(read('one'), false)
      const size = (fault.length + 2).toString(16)
      assert.equal(answer.fail(fault)?.text(), `${size}\r\n(${fault})\r\n0\r\n\r\n`)
    })
  }

  test('has nothing to say of a fault where its content can not tell of it', () => {
    assert.equal(new FramedAnswer(silent, true).fail('cut'), undefined)
  })

  test('says what its content says while the replica is silent, and goes on', () => {
    const answer = new FramedAnswer(spoken, true)
    assert.equal(answer.silenceMs, 50)
    assert.equal(answer.idle().text(), '1\r\n~\r\n')
    assert.equal(answer.next(read('one'), false).text(), '5\r\n<one>\r\n')
    assert.equal(new FramedAnswer(silent, true).silenceMs, 0)
    assert.equal(new FramedAnswer(silent, true).idle().text(), '')
  })

  test('tells the sizes of chunks in hexadecimal, of bytes and not of pieces', () => {
    const answer = new FramedAnswer(spoken, true)
    const text = answer.next(read('x'.repeat(4000), '\xff'.repeat(94)), false).text()
    assert.equal(text, `1000\r\n<${'x'.repeat(4000)}${'\xff'.repeat(94)}>\r\n`)
  })
})

describe('the same for a client of HTTP/1.0', () => {
  test('is as it is, until the connection ends', () => {
    const answer = new FramedAnswer(spoken, false)
    assert.equal(answer.head, spoken.head)
    assert.equal(answer.next(read('one'), false).text(), '<one>')
    assert.equal(answer.next(read('two'), true).text(), '<two>.')
    assert.equal(new FramedAnswer(spoken, false).fail('cut')?.text(), '(cut)')
  })
})

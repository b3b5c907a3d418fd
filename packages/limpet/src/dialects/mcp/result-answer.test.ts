import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import { EndedAnswer } from './ended-answer.ts'
import { contentOf } from './mcp.fixture.ts'
import { JsonResult, StreamedResult } from './result-answer.ts'

/** Says what it is called with, in angle brackets. */
const edit = (message: Buffer) => Buffer.from(`<${message.toString('latin1')}>`, 'latin1')

/** What a client gets for these reads, and at the end. */
function passed(answer: JsonResult | StreamedResult, ...reads: readonly string[]): string[] {
  const texts = reads.map((read) => {
    const out = new Content()
    const content = contentOf(read)
    assert.equal(answer.pass(content, out), true)
    const text = out.text()
    content.each((bytes) => bytes.fill('!'))
    return text
  })
  const out = new Content()
  answer.end(out)
  return [...texts, out.text()]
}

describe('a JSON answer', () => {
  const json = (...ids: number[]) => new JsonResult(200, 'head', edit, () => ids)

  test('is edited once it is whole', () => {
    assert.deepEqual(passed(json(), '{"a"', ':"\xff', '"}'), ['', '', '', '<{"a":"\xff"}>'])
    assert.deepEqual(passed(json()), ['<>'])
    assert.deepEqual([json().status, json().head], [200, 'head'])
  })

  test('is passed on as it is where it is longer than 256 KiB, and not kept', () => {
    const large = 'x'.repeat(262_144)
    assert.deepEqual(passed(json(), large), ['', `<${large}>`])
    assert.deepEqual(passed(json(), large, 'y', 'z'), ['', `${large}y`, 'z', ''])
  })

  for (const [ids, expected] of [
    [[7], [7]],
    [
      [7, 8],
      [7, 8],
    ],
  ] as const)
    test(`is an error of each of ${ids.length} requests where it broke off, and nothing of what had come`, () => {
      const answer = json(...ids)
      answer.pass(contentOf('{"jsonrpc":"2.0","id":7,"res'), new Content())
      const out = new Content()
      assert.equal(answer.fail('cut', out), true)
      const errors = [JSON.parse(out.text())].flat()
      assert.deepEqual(
        errors.map(({ id, error }) => [id, error.code, error.data.limpetCode]),
        expected.map((id) => [id, -32603, 'LIMPET_REPLICA_RESET']),
      )
    })

  test('can not say that it broke off where nobody waits for it, or some of it has gone out', () => {
    const out = new Content()
    assert.equal(json().fail('cut', out), false)
    const long = json(7)
    long.pass(contentOf('x'.repeat(262_145)), new Content())
    assert.equal(long.fail('cut', out), false)
    assert.equal(out.bytes, 0)
  })
})

describe('a streamed answer', () => {
  const streamed = (...ids: number[]) =>
    new StreamedResult({ status: 200, head: 'head', silenceMs: 5, idsOf: () => ids }, edit)

  for (const [what, reads, expected] of [
    [
      'edited message by message',
      ['data: {"a":1}\n\nevent: message\ndata:{"b":"\xff"}\n\n'],
      ['data: <{"a":1}>\n\nevent: message\ndata:<{"b":"\xff"}>\n\n'],
    ],
    ['edited with CRLF', ['id: 1\r\ndata: {}\r\n\r\n'], ['id: 1\r\ndata: <{}>\r\n\r\n']],
    ['edited once a message is whole', ['data: {', '}', '\n', '\n'], ['', '', '', 'data: <{}>\n\n']],
    [
      'left alone where it is no message',
      [': {}\n\ndata: \n\nevent: {}\n\ndata: []\n\n'],
      [': {}\n\ndata: \n\nevent: {}\n\ndata: []\n\n'],
    ],
    [
      'left alone where a message has several lines',
      ['data: {"a":\ndata: 1}\n\n'],
      ['data: {"a":\ndata: 1}\n\n'],
    ],
    ['left alone in the middle of a line', ['data: {"a":"data: {}"}\n\n'], ['data: <{"a":"data: {}"}>\n\n']],
  ] as const) {
    test(`is ${what}`, () => {
      const answer = streamed()
      assert.deepEqual(passed(answer, ...reads).slice(0, -1), expected)
    })
  }

  test('is passed on as it is where too much of it comes at once', () => {
    const large = `data: {"a":"${'x'.repeat(300_000)}"}\n\n`
    assert.equal(passed(streamed(), large)[0], large)
  })

  test('takes a time that grows with its length, whatever is in it', () => {
    const startedMs = performance.now()
    for (const part of ['data: {}', '{', '}', 'data: {', '}\r', '\r\n', 'data: {\n'])
      passed(streamed(), `${part.repeat(Math.floor(262_000 / part.length))}\n\n`)
    assert.ok(performance.now() - startedMs < 3000)
  })

  test('keeps alive, and tells of what is missing, as its session would', () => {
    const answer = streamed(1)
    const out = new Content()
    answer.idle(out)
    assert.equal(out.text(), ': limpet\n\n')
    assert.deepEqual([answer.status, answer.head, answer.silenceMs], [200, 'head', 5])
    out.clear()
    assert.equal(answer.fail('stalled', out), true)
    assert.match(out.text(), /"id":1.*LIMPET_RESPONSE_TIMEOUT/)
    out.clear()
    answer.pass(contentOf('data: {"id":1,"result":{}}\n\n'), new Content())
    answer.end(out)
    assert.equal(out.text(), '')
  })
})

test('a session that has ended with its replica is told so with 200 and nothing else', () => {
  const answer = new EndedAnswer()
  assert.deepEqual([answer.status, answer.head], [200, 'HTTP/1.1 200 OK\r\n'])
  const out = new Content()
  assert.equal(answer.pass(), false)
  answer.end()
  assert.equal(answer.fail(), true)
  assert.equal(out.bytes, 0)
})

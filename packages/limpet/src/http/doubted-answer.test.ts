import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from './content.ts'
import { DoubtedAnswer } from './doubted-answer.ts'
import { headOf, parseResponse } from './heads.fixture.ts'
import { ResponseHead } from './response-head.ts'

function contentOf(text: string): { content: Content; source: Buffer } {
  const source = Buffer.from(text, 'latin1')
  const content = new Content()
  content.add(source, 0, source.length)
  return { content, source }
}

describe('an answer that is doubted', () => {
  test('keeps its head, whatever other answers are read into the same place', () => {
    const shared = new ResponseHead()
    const read = (text: string) => {
      const bytes = Buffer.from(`${text}\0`, 'latin1')
      shared.parse(bytes, 0, bytes.length - 1)
    }
    read(
      headOf(
        'HTTP/1.1 404 Not Found',
        'Content-Length: 5',
        'X-A: \xe4',
        'Connection: close, X-B',
        'Mcp-Session-Id: s',
      ),
    )
    const { head } = new DoubtedAnswer(shared, 100)
    read(headOf('HTTP/1.0 200 OK', 'Content-Type: text/event-stream'))
    assert.deepEqual(
      [head.status, head.minor, head.reason, head.contentLength, head.eventStream],
      [404, 1, 'Not Found', 5, false],
    )
    assert.deepEqual(
      [head.fields.find('x-a'), head.fields.find('mcp-session-id'), head.connection.named],
      ['\xe4', 's', ['x-b']],
    )
  })

  test('keeps its content, which was borrowed', () => {
    const answer = new DoubtedAnswer(parseResponse(headOf('HTTP/1.1 400 X'))!, 10)
    for (const text of ['one', ' ', 'two']) {
      const { content, source } = contentOf(text)
      answer.append(content)
      source.fill('!')
    }
    assert.equal(answer.bytes.toString(), 'one two')
    assert.equal(answer.isTooLong, false)
    answer.append(contentOf('345').content)
    assert.equal(answer.isTooLong, false)
    answer.append(contentOf('6').content)
    assert.equal(answer.isTooLong, true)
  })

  test('has no content where none came', () => {
    const answer = new DoubtedAnswer(parseResponse(headOf('HTTP/1.1 404 X'))!, 10)
    answer.append(new Content())
    assert.equal(answer.bytes.length, 0)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import { EndpointStream } from './endpoint-stream.ts'
import { contentOf } from './mcp.fixture.ts'

/** What a client gets for these reads, of a session that gets the id <ID>. */
function passed(...reads: readonly string[]): string {
  const stream = new EndpointStream(200, '', 30_000, (id) => (id === 'bad' ? undefined : `<${id}>`))
  return reads
    .map((read) => {
      const out = new Content()
      assert.equal(stream.pass(contentOf(read), out), true)
      return out.text()
    })
    .join('')
}

describe('the stream of HTTP+SSE', () => {
  for (const [what, told, expected] of [
    ['a path', 'event: endpoint\ndata: /messages?sessionId=abc\n\n', '/messages?sessionId=<abc>\n'],
    [
      'a path of a Python server',
      'event: endpoint\r\ndata: /messages/?session_id=abc\r\n\r\n',
      '/messages/?session_id=<abc>\r\n',
    ],
    [
      'a whole URL',
      'event: endpoint\ndata: http://h:1/m?a=b&sessionId=abc&c=d\n\n',
      'http://h:1/m?a=b&sessionId=<abc>&c=d\n',
    ],
    ['a query', 'event: endpoint\ndata: ?sessionId=abc\n\n', '?sessionId=<abc>\n'],
    ['a path, without spaces', 'event:endpoint\ndata:/m?sessionId=abc\n\n', '/m?sessionId=<abc>\n'],
    [
      'a path behind a comment',
      ': hello\n\nevent: endpoint\ndata: /m?sessionId=abc\n\n',
      '/m?sessionId=<abc>\n',
    ],
    ['a path without a session', 'event: endpoint\ndata: /m\n\n', '/m\n'],
    ['a session that can not be one', 'event: endpoint\ndata: /m?sessionId=bad\n\n', '/m?sessionId=bad\n'],
    [
      'a session with what a pattern would mean',
      'event: endpoint\ndata: /m?sessionId=$&$1\n\n',
      '/m?sessionId=<$>&$1\n',
    ],
  ] as const) {
    test(`tells ${what}, with the id that the client is to use`, () => {
      const text = passed(told)
      assert.ok(text.includes(expected), text)
      assert.equal(passed(...told), text)
    })
  }

  test('tells it once: no later event is changed', () => {
    const endpoint = 'event: endpoint\ndata: /m?sessionId=abc\n\n'
    assert.equal(passed(endpoint, endpoint), `${endpoint.replace('abc', '<abc>')}${endpoint}`)
    const message = 'event: message\ndata: {"a":"/m?sessionId=abc"}\n\n'
    assert.equal(
      passed(endpoint + message, message),
      `${endpoint.replace('abc', '<abc>')}${message}${message}`,
    )
  })

  test('is left as it is where it has no endpoint, and not looked through for ever', () => {
    const message = `event: message\ndata: ${'x'.repeat(1000)}\n\n`
    const many = Array.from({ length: 20 }, () => message)
    const endpoint = 'event: endpoint\ndata: /m?sessionId=abc\n\n'
    assert.equal(passed(...many, endpoint), many.join('') + endpoint)
    assert.equal(passed(message, endpoint), message + endpoint.replace('abc', '<abc>'))
  })

  test('passes every byte on as it is', () => {
    const text = `data: ${Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
      .join('')
      .replace(/[\r\n]/g, '')}\n\n`
    assert.equal(passed(text), text)
  })

  test('is kept alive between events, and can not tell that it broke off', () => {
    const stream = new EndpointStream(200, 'head', 30_000, String)
    const idle = () => {
      const out = new Content()
      stream.idle(out)
      return out.text()
    }
    assert.deepEqual([stream.status, stream.head, stream.silenceMs], [200, 'head', 30_000])
    stream.pass(contentOf('data: half'), new Content())
    assert.equal(idle(), ': limpet\n\n')
    stream.pass(contentOf('x'.repeat(2_000_000)), new Content())
    assert.equal(idle(), '')
    assert.equal(stream.fail(), false)
  })

  test('ends with what is left', () => {
    const stream = new EndpointStream(200, '', 0, String)
    const out = new Content()
    stream.pass(contentOf('data: half'), out)
    stream.end(out)
    assert.equal(out.text(), 'data: half')
  })
})

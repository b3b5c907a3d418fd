import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import { contentOf } from './mcp.fixture.ts'
import { SessionStream } from './session-stream.ts'

function streamOf(...ids: readonly (string | number)[]): SessionStream {
  return new SessionStream({ status: 200, head: 'HTTP/1.1 200 OK\r\n', silenceMs: 30_000, idsOf: () => ids })
}

/** What a client gets for these reads. */
function pass(stream: SessionStream, ...reads: readonly string[]): string {
  return reads
    .map((read) => {
      const out = new Content()
      assert.equal(stream.pass(contentOf(read), out), true)
      return out.text()
    })
    .join('')
}

function end(stream: SessionStream): string {
  const out = new Content()
  stream.end(out)
  return out.text()
}

function idle(stream: SessionStream): string {
  const out = new Content()
  stream.idle(out)
  return out.text()
}

/** What a client gets where the stream breaks off; undefined: nothing can tell it. */
function fail(stream: SessionStream, fault: 'cut' | 'stalled' = 'cut'): string | undefined {
  const out = new Content()
  return stream.fail(fault, out) ? out.text() : undefined
}

/** The messages of some events, as a client reads them. */
function messagesIn(events: string | undefined): { id?: unknown; error?: { code: number; data?: object } }[] {
  return (events ?? '')
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => JSON.parse(/^data: (.*)$/m.exec(event)![1]!))
}

const idsIn = (events: string | undefined) => messagesIn(events).map(({ id }) => id)

const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`
const response = (id: string | number, result: unknown = {}) => event({ jsonrpc: '2.0', id, result })
const notification = event({ jsonrpc: '2.0', method: 'notifications/message', params: {} })

describe("a session's stream", () => {
  test('comes to the client as it is, event by event', () => {
    const stream = streamOf(1)
    assert.deepEqual([stream.status, stream.head, stream.silenceMs], [200, 'HTTP/1.1 200 OK\r\n', 30_000])
    assert.equal(
      pass(stream, 'event: message\nda', 'ta: {}\n\n: pi', 'ng\n\n'),
      'event: message\ndata: {}\n\n: ping\n\n',
    )
    assert.equal(pass(stream, response(1)), response(1))
    assert.equal(end(stream), '')
  })

  test('is kept alive by a comment, which never stands within an event', () => {
    const stream = streamOf(1)
    const reads = ['data: {}\n', '\ndata', ': {}\r\n\r', '\n']
    let seen = idle(stream)
    for (const read of reads) seen += pass(stream, read) + idle(stream)
    for (const part of seen.split(': limpet\n\n')) assert.match(part, /^(?:data: \{\}\r?\n\r?\n)*$/)
    assert.equal(seen.match(/: limpet\n\n/g)?.length, 5)
  })

  test('gets no comment while an event goes by that is too long to be kept', () => {
    const stream = streamOf(1)
    pass(stream, `data: ${'x'.repeat(2_000_000)}`)
    assert.equal(idle(stream), '')
    pass(stream, '\n\n')
    assert.equal(idle(stream), ': limpet\n\n')
  })

  test('goes on with that of another replica, without the event that broke off', () => {
    const stream = streamOf()
    assert.equal(pass(stream, `${notification}data: {"ha`), notification)
    stream.restart()
    assert.equal(pass(stream, notification), notification)
  })
})

for (const [how, finish, code] of [
  ['is cut', (stream: SessionStream) => fail(stream, 'cut'), 'LIMPET_REPLICA_RESET'],
  ['falls silent', (stream: SessionStream) => fail(stream, 'stalled'), 'LIMPET_RESPONSE_TIMEOUT'],
  ['ends', end, 'LIMPET_REPLICA_RESET'],
] as const)
  describe(`where it ${how} too early`, () => {
    test('each request that waits for its response gets an error', () => {
      const stream = streamOf(1, 'ä', '1')
      pass(stream, notification)
      const messages = messagesIn(finish(stream))
      assert.deepEqual(
        messages.map(({ id }) => id),
        [1, 'ä', '1'],
      )
      for (const { error } of messages)
        assert.deepEqual([error!.code, error!.data], [-32603, { limpetCode: code }])
    })

    test('no request gets one that has its response', () => {
      const stream = streamOf(1, 2, 3)
      pass(stream, response(2))
      assert.deepEqual(idsIn(finish(stream)), [1, 3])
    })

    test('nor one whose response came before other events', () => {
      const stream = streamOf(1, 2, 3)
      pass(stream, response(1), notification, response(3, { text: '"result"' }), ': ping\n\n')
      assert.deepEqual(idsIn(finish(stream)), [2])
    })

    test('nor one whose response is an error, is long, has several lines, or stands among others', () => {
      const stream = streamOf(1, 2, 'ä"', 3, 4, 5, 6)
      pass(
        stream,
        event({ id: 1, error: { code: 1, message: 'no' } }),
        response(2, 'x'.repeat(200_000)),
        `data: ${Buffer.from(JSON.stringify({ result: 'ö', id: 'ä"' })).toString('latin1')}\r\n\r\n`,
        'data: {"id":3,\ndata: "result":{}}\n\n',
        event([
          { id: 4, result: {} },
          { id: 5, result: {} },
        ]),
      )
      assert.deepEqual(idsIn(finish(stream)), [6])
    })

    test("the replica's own requests are no responses, and ids are not mixed up with others like them", () => {
      const stream = streamOf(1)
      pass(stream, event({ id: 1, method: 'sampling/createMessage', params: { result: 1 } }), response('1'))
      assert.deepEqual(idsIn(finish(stream)), [1])
    })

    test('what is no message answers nothing', () => {
      const stream = streamOf(1)
      pass(stream, 'data: {"id":1,"result":\n\n', 'data: 5\n\ndata: null\n\ndata: [null,{"id":1}]\n\n')
      assert.deepEqual(idsIn(finish(stream)), [1])
    })
  })

describe('where a stream ends', () => {
  test('what is left of it is told', () => {
    const stream = streamOf()
    pass(stream, 'data: {}')
    assert.equal(end(stream), 'data: {}')
  })

  test('with ids of events, its client can come back for its response, and gets no error', () => {
    for (const read of [`id: 7\ndata:\n\n`, `id:7\nretry: 5\ndata: \n\n${notification}`]) {
      const stream = streamOf(1)
      pass(stream, read, notification)
      assert.equal(end(stream), '')
    }
  })

  test('an id in the middle of a line is none', () => {
    const stream = streamOf(1)
    pass(stream, 'data: {"a":"id: 7"}\n\n')
    assert.deepEqual(idsIn(end(stream)), [1])
  })

  test('behind an event that was too long to be seen, nobody is told that it was not the response', () => {
    const stream = streamOf(1)
    pass(stream, `data: {"id":1,"result":"${'x'.repeat(2_000_000)}`, '"}\n\n')
    assert.equal(end(stream), '')
  })

  test('of a request that waits for nothing, it just ends', () => {
    const stream = streamOf()
    pass(stream, notification)
    assert.equal(end(stream), '')
  })
})

describe('where a stream breaks off', () => {
  test('with ids of events, its requests get their errors: the events are lost with the replica', () => {
    const stream = streamOf(1)
    pass(stream, `id: 7\n${notification}`)
    assert.deepEqual(idsIn(fail(stream)), [1])
  })

  test('within an event, that is not passed on, and the errors are events of their own', () => {
    const stream = streamOf(1)
    assert.equal(pass(stream, `${notification}data: {"id":1,"res`), notification)
    assert.match(fail(stream)!, /^event: message\ndata: \{.*\}\n\n$/)
  })

  test('only the connection can tell where an event is out in parts, or nobody waits for a response', () => {
    const torn = streamOf(1)
    pass(torn, `data: ${'x'.repeat(2_000_000)}`)
    assert.equal(fail(torn), undefined)
    const server = streamOf()
    pass(server, notification)
    assert.equal(fail(server), undefined)
  })

  test('it ends well where each request has its response', () => {
    const stream = streamOf(1)
    pass(stream, response(1))
    assert.equal(fail(stream), '')
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import { jsonRpc, requestOf, responseOf, sampleCalls, tag, told } from './mcp.fixture.ts'
import { SessionCall } from './session-call.ts'

const calls = sampleCalls()
const clientId = calls.sessionIds.seal('abc', tag, undefined)!
const stream = 'Content-Type: text/event-stream'
const json = 'Content-Type: application/json'

/** A request of the session, with this content. */
function callOf(
  method: string,
  content?: object | Buffer,
  mcp: object = {},
  headers: Record<string, string> = {},
) {
  const parts = sampleCalls(mcp)
  const opened = parts.sessionIds.open(clientId, undefined)
  if (typeof opened === 'string') throw new Error(opened)
  const call = new SessionCall(parts, requestOf(method, headers), clientId, opened)
  if (content !== undefined) call.content?.read(Buffer.isBuffer(content) ? content : jsonRpc(content))
  return call
}

const answer = (call: SessionCall, status: number, ...lines: string[]) =>
  call.answer(responseOf(status, ...lines))

const toolCall = { id: 5, method: 'tools/call', params: { name: 'x' } }

describe('a request of a session', () => {
  test("goes home by what its id carries, with the replica's own name for the session alone", () => {
    const call = callOf('POST', toolCall)
    assert.deepEqual(call.session, {
      key: clientId,
      carried: { keyId: 1, replicaTag: tag, epoch: 0 },
      isNew: false,
      ttlMs: 43_200_000,
      maxAgeMs: 0,
    })
    assert.equal(call.requestLines, 'Mcp-Session-Id: abc\r\n')
    assert.deepEqual(call.replacedFields, ['mcp-session-id', 'last-event-id', 'accept-encoding'])
    assert.equal(call.targetForReplica, undefined)
  })

  test('goes on under another name where the session was begun anew, and its client does not notice', () => {
    const call = callOf('POST', toolCall)
    call.idAtReplica = 'new'
    assert.equal(call.requestLines, 'Mcp-Session-Id: new\r\n')
    const answered = answer(call, 200, json, 'Mcp-Session-Id: new')
    assert.equal(told(answered, 'Mcp-Session-Id'), clientId)
    assert.deepEqual(answered.droppedFields, ['mcp-session-id'])
    assert.equal(told(answer(call, 200, json), 'Mcp-Session-Id'), undefined)
  })

  test('is looked into where it has a content, up to the bytes that the service allows', () => {
    assert.equal(callOf('POST').content?.mostBytes, 262_144)
    assert.equal(callOf('POST', undefined, { contentBytes: 5000 }).content?.mostBytes, 5000)
    for (const method of ['GET', 'DELETE', 'OPTIONS']) assert.equal(callOf(method).content, undefined)
  })

  test('is refused with its id, and without one where it is too long to be looked into', () => {
    const details = { accept: '', keepAlive: true, isHead: false, lines: '' }
    assert.match(
      callOf('POST', toolCall).writeRefusal('LIMPET_REPLICA_RESET', details).text,
      /^HTTP\/1\.1 200 .*"id":5,/s,
    )
    const long = callOf('POST')
    long.content?.read(undefined)
    assert.match(long.writeRefusal('LIMPET_REPLICA_RESET', details).text, /^HTTP\/1\.1 502 .*"id":null,/s)
  })
})

describe('an answer in a session', () => {
  test('that is JSON is passed on as it is', () => {
    const { content, created, closed, change, lines } = answer(callOf('POST', toolCall), 200, json)
    assert.deepEqual([content, created, closed, change, lines], [undefined, undefined, false, undefined, ''])
  })

  test('that is a stream is told so to whatever stands before the client, and ends with what is missing', () => {
    const answered = answer(
      callOf('POST', toolCall, { keepAlive: '9s' }),
      200,
      stream,
      'X-Own: 1',
      'Content-Length: 3',
      'Mcp-Session-Id: abc',
      'Date: x',
    )
    assert.equal(told(answered, 'X-Accel-Buffering'), 'no')
    const content = answered.content!
    assert.equal(content.silenceMs, 9000)
    assert.equal(content.head, `HTTP/1.1 200 X\r\n${stream}\r\nX-Own: 1\r\n`)
    const out = new Content()
    assert.equal(content.fail('cut', out), true)
    assert.match(out.text(), /"id":5,"error"/)
  })

  test('says nothing of buffering where the replica does', () => {
    assert.equal(
      told(answer(callOf('GET'), 200, stream, 'x-accel-buffering: yes'), 'X-Accel-Buffering'),
      undefined,
    )
  })

  for (const [what, status, ...lines] of [
    ['that is compressed', 200, stream, 'Content-Encoding: gzip'],
    ['that is an error', 500, stream],
    ['that is not the whole', 206, stream],
  ] as const) {
    test(`${what} is passed on as it is, stream or not`, () => {
      const call = callOf('GET')
      assert.equal(answer(call, status, ...lines).content, undefined)
      assert.deepEqual([call.reopens, call.continues(responseOf(status, ...lines))], [false, false])
    })
  }

  test('goes on with the stream of another replica where it is the one of the session, not of a request', () => {
    for (const [method, reopens] of [
      ['GET', true],
      ['POST', false],
    ] as const) {
      const call = callOf(method)
      answer(call, 200, stream, 'Content-Encoding: identity')
      assert.equal(call.reopens, reopens)
      assert.equal(call.continues(responseOf(200, stream)), true)
      assert.equal(call.continues(responseOf(200, json)), false)
    }
  })
})

describe('a stream that goes on at another replica', () => {
  const linesOf = (call: SessionCall) => call.requestLines.split('\r\n').filter((line) => line !== '')

  function openStream(headers: Readonly<Record<string, string>> = {}): SessionCall {
    const call = callOf('GET', undefined, {}, headers)
    const { content } = answer(call, 200, 'Content-Type: text/event-stream')
    const events = new Content()
    const bytes = Buffer.from('id: e1\ndata: {}\n\nid: e2\ndata: {}\n\ndata: {}\n\n')
    events.add(bytes, 0, bytes.length)
    content!.pass(events, new Content())
    return call
  }

  test('goes on behind the last event that had an id, whatever the client came with', () => {
    for (const headers of [{}, { 'last-event-id': 'e0' }])
      assert.deepEqual(linesOf(openStream(headers)), ['Mcp-Session-Id: abc', 'Last-Event-ID: e2'])
    assert.deepEqual(linesOf(callOf('GET', undefined, {}, { 'last-event-id': 'e0' })), [
      'Mcp-Session-Id: abc',
      'Last-Event-ID: e0',
    ])
  })

  test('begins afresh where its session was begun anew', () => {
    const call = openStream({ 'last-event-id': 'e0' })
    call.idAtReplica = 'abc'
    assert.equal(linesOf(call)[1], 'Last-Event-ID: e2')
    call.idAtReplica = 'other'
    assert.deepEqual(linesOf(call), ['Mcp-Session-Id: other'])
  })
})

describe('a session that its client ends', () => {
  for (const [status, closed] of [
    [200, true],
    [204, true],
    [202, true],
    [405, false],
    [400, false],
    [500, false],
    [302, false],
  ] as const) {
    test(`is ${closed ? 'closed' : 'left open'} where the replica answers ${status}`, () => {
      const answered = answer(callOf('DELETE'), status)
      assert.deepEqual([answered.closed, answered.content], [closed, undefined])
    })
  }

  test('has ended where the replica does not know it, and its client is told so', () => {
    const call = callOf('DELETE')
    assert.equal(call.doubts(responseOf(404)), 0)
    const { closed, content } = answer(call, 404, json, 'Content-Length: 30')
    assert.equal(closed, true)
    assert.equal(content?.status, 200)
  })

  test('is closed by nothing else', () => {
    assert.equal(answer(callOf('POST', { method: 'x', id: 1 }), 200).closed, false)
    assert.equal(answer(callOf('GET'), 404).closed, false)
  })
})

describe('a setting of a session', () => {
  const setLevel = { id: 1, method: 'logging/setLevel', params: { level: 'error' } }
  const subscribe = { id: 2, method: 'resources/subscribe', params: { uri: 'file:///ä' } }
  const unsubscribe = { ...subscribe, method: 'resources/unsubscribe' }
  for (const [what, message, name] of [
    ['is its log level', setLevel, 'logging/setLevel'],
    ['is a resource that it watches', subscribe, 'resources/subscribe file:///ä'],
  ] as const) {
    test(`${what}, and changes once the replica has taken it`, () => {
      for (const status of [200, 202]) {
        const { change } = answer(callOf('POST', message), status)
        assert.equal(change?.name, name)
        assert.deepEqual(JSON.parse(change.content!), { jsonrpc: '2.0', ...message })
      }
      for (const status of [400, 404, 500])
        assert.equal(answer(callOf('POST', message), status).change, undefined)
    })
  }

  test('is withdrawn', () => {
    const { change } = answer(callOf('POST', unsubscribe), 200)
    assert.deepEqual(change, { name: 'resources/subscribe file:///ä', content: undefined })
  })

  for (const [what, content] of [
    ['another method', jsonRpc(toolCall)],
    ['an argument that is called like one', jsonRpc({ ...toolCall, params: { name: 'logging/setLevel' } })],
    ['a resource that has no name', jsonRpc({ ...subscribe, params: {} })],
    ['several messages', Buffer.from(`[${JSON.stringify(setLevel)}]`)],
    ['what breaks off', Buffer.from('{"method":"logging/setLevel"')],
    ['nothing', Buffer.alloc(0)],
  ] as const) {
    test(`is not made by ${what}`, () => assert.equal(answer(callOf('POST', content), 200).change, undefined))
  }

  test('is not made by what is too long to be looked into', () => {
    const call = callOf('POST')
    call.content?.read(undefined)
    assert.equal(answer(call, 200).change, undefined)
  })
})

describe('an answer that may say that the replica does not know the session', () => {
  test('is looked into before its client gets any of it', () => {
    for (const method of ['POST', 'GET'])
      for (const [status, bytes] of [
        [400, 16_384],
        [404, 16_384],
        [200, 0],
        [401, 0],
        [405, 0],
        [409, 0],
        [500, 0],
      ] as const)
        assert.equal(callOf(method).doubts(responseOf(status)), bytes)
    assert.equal(callOf('DELETE').doubts(responseOf(400)), 0)
  })

  test('is one that says so', () => {
    const call = callOf('POST', toolCall)
    assert.equal(call.isUnknown(responseOf(404), Buffer.from('Session not found')), true)
    assert.equal(call.isUnknown(responseOf(400), Buffer.from('Session not found')), true)
    assert.equal(call.isUnknown(responseOf(400), Buffer.from('Bad Request')), false)
  })
})

describe('a session that its replica does not know', () => {
  test('may be begun anew where the service says so, which it does by default', () => {
    assert.equal(callOf('POST').revives, true)
    assert.equal(callOf('POST', undefined, { recover: 'reject' }).revives, false)
  })

  test('is begun anew with the revision that the request tells', () => {
    const record = { epoch: 0, idAtReplica: 'abc', opening: '{"id":1,"method":"initialize"}', settings: [] }
    const greeting = callOf('POST', toolCall, {}, { 'mcp-protocol-version': '2025-06-18' }).greeting(record)
    const agreed = (version: string) => Buffer.from(`{"result":{"protocolVersion":"${version}"}}`)
    const head = responseOf(200, 'Mcp-Session-Id: new')
    assert.equal(greeting.idIn(head, agreed('2025-06-18')), 'new')
    assert.equal(greeting.idIn(head, agreed('2025-11-25')), undefined)
  })
})

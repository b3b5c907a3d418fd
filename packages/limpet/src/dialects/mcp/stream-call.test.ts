import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import type { NamedSession } from '../dialect.ts'
import { findSessionParameter } from './era.ts'
import { contentOf, requestOf, responseOf, sampleCalls, sampleHome, tag, told } from './mcp.fixture.ts'
import { PlainCall } from './plain-call.ts'
import { PostToStream, StreamCall } from './stream-call.ts'

const calls = sampleCalls()
const other: NamedSession = { key: 'k', carried: undefined, isNew: false, ttlMs: 1, maxAgeMs: 0 }
const stream = 'Content-Type: text/event-stream; charset=utf-8'

/** The URL that a stream tells its client. */
function toldBy(call: StreamCall, url: string): string {
  const { content } = call.answer(responseOf(200, stream), sampleHome())
  const out = new Content()
  content!.pass(contentOf(`event: endpoint\ndata: ${url}\n\n`), out)
  return /^data: (.*)$/m.exec(out.text())![1]!
}

function postTo(target: string, principal?: string) {
  const name = findSessionParameter(target)!
  const opened = calls.streamIds.open(name.value, principal)
  return typeof opened === 'string'
    ? opened
    : new PostToStream(calls, requestOf('POST', {}, target), name, opened)
}

describe('a stream of HTTP+SSE', () => {
  test('is a session of its own, or of the one that another source names', () => {
    const [one, two] = [
      new StreamCall(calls, undefined, undefined),
      new StreamCall(calls, undefined, undefined),
    ]
    assert.equal(one.session.isNew, true)
    assert.notEqual(one.session.key, two.session.key)
    assert.equal(new StreamCall(calls, other, undefined).session, other)
  })

  test('tells a URL, requests to which go home and get to the session as its replica calls it', () => {
    for (const url of ['/messages?sessionId=abc', '/m/?a=b&session_id=abc&c=d']) {
      const told = toldBy(new StreamCall(calls, undefined, undefined), url)
      assert.notEqual(told, url)
      const post = postTo(told)
      assert.ok(typeof post !== 'string')
      assert.equal(post.targetForReplica, url)
      assert.deepEqual(post.session.carried, { keyId: 1, replicaTag: tag, epoch: 0 })
      assert.equal(post.session.ends, true)
      assert.equal(post.session.isNew, false)
    }
  })

  test('has one session for all that is posted to it, and another for another stream', () => {
    const keyOf = (url: string) =>
      (postTo(toldBy(new StreamCall(calls, undefined, undefined), url)) as PostToStream).session.key
    assert.equal(keyOf('/m?sessionId=abc'), keyOf('/m?sessionId=abc&x=y'))
    assert.notEqual(keyOf('/m?sessionId=abc'), keyOf('/m?sessionId=abd'))
  })

  test('is for whoever opened it alone', () => {
    const told = toldBy(new StreamCall(calls, undefined, 'alice'), '/m?sessionId=abc')
    assert.ok(postTo(told, 'alice') instanceof PostToStream)
    for (const principal of ['bob', undefined]) assert.equal(postTo(told, principal), 'foreign')
  })

  test("has no session's id, nor a session its id", () => {
    const sealed = calls.sessionIds.seal('abc', tag, undefined)!
    assert.equal(postTo(`/m?sessionId=${sealed}`), 'foreign')
    assert.equal(postTo('/m?sessionId=abc'), 'unknown')
    const told = findSessionParameter(
      toldBy(new StreamCall(calls, undefined, undefined), '/m?sessionId=abc'),
    )!
    assert.equal(calls.sessionIds.open(told.value, undefined), 'foreign')
  })

  test('is passed on as it is where it is none, or can not be read', () => {
    const call = new StreamCall(calls, undefined, undefined)
    for (const [status, ...lines] of [
      [405, 'Content-Type: application/json'],
      [404, stream],
      [200, 'Content-Type: text/html'],
      [200, stream, 'Content-Encoding: br'],
    ] as const)
      assert.equal(call.answer(responseOf(status, ...lines), sampleHome()).content, undefined)
  })

  test('is not held back on its way to the client, and its posts are answered as they are', () => {
    const answered = new StreamCall(calls, undefined, undefined).answer(
      responseOf(200, stream, 'Content-Length: 5'),
      sampleHome(),
    )
    assert.equal(told(answered, 'X-Accel-Buffering'), 'no')
    assert.equal(answered.content!.head, `HTTP/1.1 200 X\r\n${stream}\r\n`)
    const post = postTo(
      toldBy(new StreamCall(calls, undefined, undefined), '/m?sessionId=abc'),
    ) as PostToStream
    assert.deepEqual(post.answer(), {
      created: undefined,
      closed: false,
      droppedFields: [],
      lines: '',
      content: undefined,
    })
  })
})

describe('a request that is none of the protocol', () => {
  test('is passed on as it is, in the session that another source names', () => {
    const call = new PlainCall(other)
    assert.equal(call.session, other)
    assert.equal(call.answer(responseOf(200, 'Mcp-Session-Id: abc')).lines, '')
    assert.deepEqual(call.answer(responseOf(200, 'Mcp-Session-Id: abc')).droppedFields, [])
    assert.equal(told(call.answer(responseOf(200, stream)), 'X-Accel-Buffering'), 'no')
    assert.equal(new PlainCall(undefined).session, undefined)
  })
})

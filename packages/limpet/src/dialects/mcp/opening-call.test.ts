import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import { mostRecordLength } from '../../session/session-record.ts'
import type { NamedSession } from '../dialect.ts'
import { jsonRpc, responseOf, sampleCalls, sampleHome, tag, told } from './mcp.fixture.ts'
import { OpeningCall } from './opening-call.ts'

const calls = sampleCalls()
const initialize = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', clientInfo: { name: 'ä' } },
}
const ALICE = '["subject","iss","alice"]'
const other: NamedSession = { key: 'k', carried: undefined, isNew: false, ttlMs: 1, maxAgeMs: 0 }

/** A request that names no session, with this content. */
function callOf(
  content: object | Buffer | undefined,
  session?: NamedSession,
  principal?: string,
): OpeningCall {
  const call = new OpeningCall(calls, session, principal)
  call.read(content === undefined || Buffer.isBuffer(content) ? content : jsonRpc(content))
  return call
}

const answer = (call: OpeningCall, status = 200, ...lines: string[]) =>
  call.answer(responseOf(status, ...lines), sampleHome())
const id = 'Mcp-Session-Id: abc'

describe('a request without a session', () => {
  test('begins one that nobody knows where it is initialize', () => {
    const [one, two] = [callOf(initialize).session!, callOf(initialize).session!]
    assert.deepEqual([one.isNew, one.carried, one.ttlMs], [true, undefined, calls.ttlMs])
    assert.notEqual(one.key, two.key)
  })

  test('belongs to the session that another source names, initialize or not', () => {
    assert.equal(callOf(initialize, other).session, other)
    assert.equal(callOf({ id: 1, method: 'ping' }, other).session, other)
  })

  for (const [what, content] of [
    ['another method', jsonRpc({ id: 1, method: 'tools/call', params: { name: 'initialize' } })],
    ['several messages', Buffer.from(`[${jsonRpc(initialize)}]`)],
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('"initialize" {')],
    ['more than is looked into', undefined],
  ] as const) {
    test(`is balanced as any where it is ${what}`, () => assert.equal(callOf(content).session, undefined))
  }

  test('adds nothing to what its replica gets', () => {
    const { requestLines, replacedFields, targetForReplica, content, mostBytes } = callOf(initialize)
    assert.deepEqual(
      [requestLines, replacedFields, targetForReplica, mostBytes],
      ['', ['accept-encoding'], undefined, 262_144],
    )
    assert.ok(content)
  })
})

describe('a session that a replica has begun', () => {
  test('is told with an id that leads to it', () => {
    const call = callOf(initialize)
    const answered = answer(call, 200, id, 'Content-Type: application/json')
    const sealed = told(answered, 'Mcp-Session-Id')!
    assert.equal(answered.created?.key, sealed)
    assert.deepEqual([answered.created.isNew, answered.created.carried], [false, undefined])
    assert.deepEqual(calls.sessionIds.open(sealed, undefined), {
      idAtReplica: 'abc',
      carried: { keyId: 1, replicaTag: tag, epoch: 0 },
    })
    assert.deepEqual(answered.droppedFields, ['mcp-session-id'])
    assert.deepEqual(answered.record, {
      epoch: 0,
      ttlMs: calls.ttlMs,
      idAtReplica: 'abc',
      opening: jsonRpc(initialize).toString(),
      settings: [],
    })
  })

  test('belongs to whoever has begun it', () => {
    const sealed = told(answer(callOf(initialize, undefined, ALICE), 200, id), 'Mcp-Session-Id')!
    assert.notEqual(calls.sessionIds.open(sealed, ALICE), 'foreign')
    for (const principal of [undefined, '["subject","iss","bob"]'])
      assert.equal(calls.sessionIds.open(sealed, principal), 'foreign')
  })

  test('is told in a stream, too, which ends with an error where its response is lost', () => {
    const answered = answer(callOf(initialize), 200, id, 'Content-Type: text/event-stream')
    assert.equal(told(answered, 'X-Accel-Buffering'), 'no')
    assert.doesNotMatch(answered.content!.head, /session/i)
    const out = new Content()
    answered.content!.end(out)
    assert.match(out.text(), /"id":1,"error"/)
  })

  for (const [what, status, lines] of [
    ['the replica gives no id', 200, []],
    ['the answer is an error', 400, [id]],
    ['the answer is a redirect', 302, [id]],
    ['the id has a space', 200, ['Mcp-Session-Id: a b']],
    ['the id is not ASCII', 200, ['Mcp-Session-Id: \xe4']],
    ['the id is empty', 200, ['Mcp-Session-Id:']],
    ['the id is too long', 200, [`Mcp-Session-Id: ${'x'.repeat(1025)}`]],
  ] as const) {
    test(`is none where ${what}`, () => {
      const { created, record, lines: told } = answer(callOf(initialize), status, ...lines)
      assert.deepEqual([created, record, told], [undefined, undefined, ''])
    })
  }

  test('can not be begun anew where what began it is too long to be kept, or was not seen', () => {
    const params = { x: 'y'.repeat(mostRecordLength) }
    for (const content of [{ ...initialize, params }, undefined]) {
      const { created, record } = answer(callOf(content), 200, id)
      assert.notEqual(created, undefined)
      assert.equal(record, undefined)
    }
  })

  for (const [what, content] of [
    ['another request', jsonRpc({ id: 1, method: 'tools/list' })],
    ['no JSON', Buffer.from('hello')],
    ['null', Buffer.from('null')],
    ['several messages', Buffer.from(`[${jsonRpc(initialize)}]`)],
    ['nothing', Buffer.alloc(0)],
  ] as const) {
    test(`can not be begun anew where it was begun by ${what}`, () => {
      const { created, record } = answer(callOf(content), 200, id)
      assert.notEqual(created, undefined)
      assert.equal(record, undefined)
    })
  }
})

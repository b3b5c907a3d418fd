import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Content } from '../../http/content.ts'
import type { NamedSession } from '../dialect.ts'
import {
  contentOf,
  jsonRpc,
  requestOf,
  responseOf,
  sampleCalls,
  sampleHome,
  tag,
  told,
} from './mcp.fixture.ts'
import { ModernCall } from './modern-call.ts'

const calls = sampleCalls()
const other: NamedSession = { key: 'k', carried: undefined, isNew: false, ttlMs: 1, maxAgeMs: 0 }
const json = 'Content-Type: application/json; charset=utf-8'
const stream = 'Content-Type: text/event-stream'
const ALICE = '["subject","iss","alice"]'

interface Called {
  readonly name?: string
  readonly params?: object
  readonly principal?: string
  readonly session?: NamedSession
  readonly http?: string
}

/** A request of the revisions without sessions. */
function callOf(
  method: string,
  { name, params = {}, principal, session, http = 'POST' }: Called = {},
): ModernCall {
  const headers = { 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) }
  const call = new ModernCall(calls, requestOf(http, headers), session, principal)
  if (http === 'POST') call.read(jsonRpc({ id: 5, method, params }))
  return call
}

/** What its client gets of an answer, and the sessions of which the answer told. */
function answered(call: ModernCall, text: string, ...lines: string[]) {
  const home = sampleHome()
  const { content } = call.answer(responseOf(200, ...(lines.length === 0 ? [json] : lines)), home)
  if (content === undefined) return { text, learned: home.learned, isEdited: false }
  const out = new Content()
  content.pass(contentOf(text), out)
  let whole = out.text()
  out.clear()
  content.end(out)
  whole += out.text()
  return { text: whole, learned: home.learned, isEdited: true }
}

const keysOf = (sessions: readonly NamedSession[]) => sessions.map(({ key }) => key)
const taskResult = (taskId: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 5, result: { resultType: 'task', taskId } })

describe('a task', () => {
  test('is known by its name from the answer on that tells of it, wherever that stands', () => {
    const { learned, text } = answered(callOf('tools/call'), taskResult('t-1'))
    assert.equal(text, taskResult('t-1'))
    const [session] = learned
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel', 'tasks/result'])
      assert.deepEqual(callOf(method, { name: 't-1' }).session, session)
    assert.deepEqual([session!.memory, session!.isNew, session!.ttlMs], ['learned', false, calls.ttlMs])
    const nested = JSON.stringify({ id: 5, result: { task: { taskId: 't-1' } } })
    assert.deepEqual(answered(callOf('tools/call'), nested).learned, learned)
    const events = `data: {"method":"notifications/progress"}\n\ndata: ${taskResult('t-1')}\n\n`
    assert.deepEqual(answered(callOf('tools/call'), events, stream).learned, learned)
  })

  test("is its own, and its principal's: nobody else comes to it by its name", () => {
    const names = [
      callOf('tasks/get', { name: 't' }),
      callOf('tasks/get', { name: 'u' }),
      callOf('tasks/get', { name: 't', principal: ALICE }),
      callOf('tasks/get', { name: 't', principal: '["opaque"]' }),
    ]
    assert.equal(new Set(keysOf(names.map(({ session }) => session!))).size, 4)
    const [hers] = answered(callOf('tools/call', { principal: ALICE }), taskResult('t')).learned
    assert.equal(hers!.key, names[2]!.session!.key)
  })

  test('is not what a name is of in other requests, or where there is none', () => {
    assert.equal(callOf('tools/call', { name: 't' }).session, undefined)
    assert.equal(callOf('tasks/get', { session: other }).session, other)
    assert.equal(callOf('tasks/get', { name: '', session: other }).session, other)
    assert.equal(callOf('tasks/list', { name: 't', session: other }).session, other)
    assert.equal(callOf('xtasks/get', { name: 't' }).session, undefined)
  })

  for (const [what, method, text, ...lines] of [
    [
      'that a tool just speaks of',
      'tools/call',
      '{"result":{"content":[{"taskId":"t"}],"structuredContent":{"taskId":"t"}}}',
    ],
    ['of another type', 'tools/call', '{"result":{"taskId":5}}'],
    ['in an error', 'tools/call', '{"error":{"taskId":"t"}}'],
    ['told to a request that begins none', 'tools/list', taskResult('t')],
    ['that is compressed', 'tools/call', taskResult('t'), json, 'Content-Encoding: gzip'],
    ['that is no JSON', 'tools/call', taskResult('t'), 'Content-Type: text/plain'],
  ] as const) {
    test(`is not learned of one ${what}`, () => {
      assert.deepEqual(answered(callOf(method), text, ...lines).learned, [])
    })
  }
})

describe('a state that a result tells', () => {
  const result = (requestState: string) =>
    JSON.stringify({ jsonrpc: '2.0', id: 5, result: { resultType: 'input_required', requestState } })
  const stateIn = (text: string): string => JSON.parse(text.slice(text.indexOf('{'))).result.requestState

  for (const method of ['tools/call', 'prompts/get', 'resources/read'])
    test(`by ${method} brings its retry home, as the state that it was`, () => {
      const state = stateIn(answered(callOf(method), result('s')).text)
      assert.notEqual(state, 's')
      const content = jsonRpc({ id: 6, method, params: { requestState: state } })
      const call = new ModernCall(calls, requestOf('POST', { 'mcp-method': method }), other, undefined)
      call.content!.read(content)
      assert.deepEqual(call.session?.carried, { keyId: 1, replicaTag: tag, epoch: 0 })
      assert.deepEqual([call.session.memory, call.session.isNew], ['carried', false])
      assert.equal(JSON.parse(content.toString()).params.requestState, 's')
    })

  test('in a stream does so, too', () => {
    const events = `data: {"method":"x"}\n\nevent: message\ndata: ${result('s')}\n\n`
    const { text } = answered(callOf('tools/call'), events, stream)
    assert.equal(stateIn(text.slice(text.indexOf('event:'))).length, 66)
    assert.ok(text.startsWith('data: {"method":"x"}\n\nevent: message\ndata: {'))
  })

  test('comes home for its principal alone; for others it is as if there were none', () => {
    const params = {
      requestState: stateIn(answered(callOf('tools/call', { principal: ALICE }), result('s')).text),
    }
    assert.equal(callOf('tools/call', { principal: ALICE, params }).session?.memory, 'carried')
    assert.equal(callOf('tools/call', { params, session: other }).session, other)
    assert.equal(callOf('tools/call', { principal: '["opaque"]', params }).session, undefined)
  })

  test('has a session of its own for each: requests with different ones never wait for each other', () => {
    const [one, two] = ['s', 't'].map((state) => {
      const params = { requestState: stateIn(answered(callOf('tools/call'), result(state)).text) }
      return callOf('tools/call', { params }).session!.key
    })
    assert.notEqual(one, two)
  })

  test('is left alone in requests that can have none, and in those that are too long', () => {
    const params = { requestState: stateIn(answered(callOf('tools/call'), result('s')).text) }
    assert.equal(callOf('tools/list', { params, session: other }).session, other)
    const long = new ModernCall(calls, requestOf('POST', { 'mcp-method': 'tools/call' }), other, undefined)
    long.read(undefined)
    assert.equal(long.session, other)
    assert.equal(answered(callOf('tools/list'), result('s')).text, result('s'))
    const events = `data: ${result('s')}\n\n`
    assert.equal(answered(callOf('tools/list'), events, stream).text, events)
  })
})

describe('a request of the revisions without sessions', () => {
  test('is balanced, or belongs to the session that another source names', () => {
    assert.equal(callOf('tools/call').session, undefined)
    assert.equal(callOf('tools/call', { session: other }).session, other)
    assert.equal(callOf('server/discover').content?.mostBytes, 262_144)
    assert.equal(callOf('x', { http: 'GET' }).content, undefined)
  })

  test('has its stream kept alive and ended with what is missing, whatever its method', () => {
    for (const method of ['tools/call', 'subscriptions/listen']) {
      const answer = callOf(method).answer(responseOf(200, stream), sampleHome())
      assert.equal(answer.content!.silenceMs, 30_000)
      assert.equal(told(answer, 'X-Accel-Buffering'), 'no')
      const out = new Content()
      assert.equal(answer.content!.fail('cut', out), true)
      assert.match(out.text(), /"id":5,"error"/)
    }
  })

  test('gets errors, and answers to what has no state, as they are', () => {
    assert.equal(callOf('tools/list').answer(responseOf(200, json), sampleHome()).content, undefined)
    assert.equal(callOf('tools/call').answer(responseOf(404, json), sampleHome()).content, undefined)
    assert.equal(callOf('tools/call').answer(responseOf(500, stream), sampleHome()).content, undefined)
  })

  test('is never answered with a session', () => {
    const answer = callOf('tools/call').answer(responseOf(200, json, 'Mcp-Session-Id: abc'), sampleHome())
    assert.equal(answer.created, undefined)
    assert.doesNotMatch(answer.content!.head, /session/i)
  })

  test('is refused with its id', () => {
    const details = { accept: '', keepAlive: true, isHead: false, lines: '' }
    assert.match(callOf('tools/call').writeRefusal('LIMPET_REPLICA_RESET', details).text, /"id":5,/)
  })
})

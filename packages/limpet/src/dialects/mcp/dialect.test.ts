import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sampleParts, sampleRequest, sampleService } from '../dialect.fixture.ts'
import type { Refused, Translation } from '../dialect.ts'
import { createHeaderDialect } from '../header.ts'
import { createMcpDialect } from './dialect.ts'
import { bearer, jsonRpc, requestOf, sampleCalls, tag } from './mcp.fixture.ts'

const calls = sampleCalls()

function dialectOf(input: Parameters<typeof sampleService>[0] = {}) {
  const service = sampleService({ dialect: 'mcp', ...input })
  return createMcpDialect(service, sampleParts, createHeaderDialect(service, sampleParts))
}

/** What becomes of a request, and what its access log says of its session. */
function translate(dialect: ReturnType<typeof dialectOf>, ...request: Parameters<typeof requestOf>) {
  const translation = dialect.translator!.translate(requestOf(...request), 0)
  return { translation, state: dialect.state }
}

function isRefused(translation: Translation | Refused): translation is Refused {
  return 'refusal' in translation
}

const sealed = calls.sessionIds.seal('abc', tag, undefined)!

describe('the MCP dialect', () => {
  for (const [what, kind, ...request] of [
    ['a session', 'SessionCall', 'POST', { 'mcp-session-id': sealed }],
    ['an opening', 'OpeningCall', 'POST', {}],
    [
      'a modern request',
      'ModernCall',
      'POST',
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'ping' },
    ],
    ['a stream of HTTP+SSE', 'StreamCall', 'GET', { accept: 'text/event-stream' }],
    [
      'a post to one',
      'PostToStream',
      'POST',
      {},
      `/m?sessionId=${calls.streamIds.seal('abc', tag, undefined)}`,
    ],
    ['a preflight', 'PlainCall', 'OPTIONS', {}],
  ] as const) {
    test(`takes ${what} for what it is`, () => {
      const [method, headers, target] = request
      const { translation } = translate(dialectOf(), method, headers as Record<string, string>, target)
      assert.equal(translation.constructor.name, kind)
    })
  }

  for (const [what, id, refusal, state] of [
    ["the replica's own", 'abc', 'LIMPET_SESSION_UNKNOWN', 'unknown'],
    ['empty', '', 'LIMPET_SESSION_UNKNOWN', 'unknown'],
    [
      'forged',
      `${sealed.slice(0, -1)}${sealed.endsWith('0') ? '1' : '0'}`,
      'LIMPET_SESSION_FORGED',
      'forged',
    ],
    ["another purpose's", calls.streamIds.seal('abc', tag, undefined)!, 'LIMPET_SESSION_FOREIGN', 'foreign'],
    ["another principal's", calls.sessionIds.seal('abc', tag, 'alice')!, 'LIMPET_SESSION_FOREIGN', 'foreign'],
  ] as const) {
    test(`refuses an id that is ${what}, in words that do not tell which it is`, () => {
      for (const [headers, target, wanted] of [
        [{ 'mcp-session-id': id }, '/mcp', refusal],
        [{}, `/m?sessionId=${id === '' ? 'x' : id}`, undefined],
      ] as const) {
        const { translation, state: logged } = translate(
          dialectOf(),
          'POST',
          headers as Record<string, string>,
          target,
        )
        if (wanted === undefined && !isRefused(translation)) continue
        assert.ok(isRefused(translation))
        if (wanted !== undefined)
          assert.deepEqual([translation.refusal, translation.session, logged], [refusal, state, state])
        const details = { accept: '', keepAlive: true, isHead: false, lines: '' }
        const { status, text } = translation.write(translation.refusal, details)
        assert.equal(status, 404)
        assert.ok(
          text.endsWith('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}'),
        )
      }
    })
  }

  test("refuses another service's id", () => {
    const { translation } = translate(dialectOf({ name: 'other' }), 'POST', { 'mcp-session-id': sealed })
    assert.equal(isRefused(translation) && translation.refusal, 'LIMPET_SESSION_FOREIGN')
  })

  test('binds a session to whom the service says', () => {
    const of = (sub: string, exp = 1) => bearer({ iss: 'a', sub, exp })
    for (const [bind, alice, refreshed, bob] of [
      ['bearer-subject', true, true, false],
      ['credential', true, false, false],
      ['off', true, true, true],
    ] as const) {
      const dialect = dialectOf({ mcp: { bind } })
      const opening = translate(dialect, 'POST', { authorization: of('alice') }).translation as Translation
      opening.content!.read(jsonRpc({ id: 1, method: 'initialize' }))
      const head = {
        status: 200,
        fields: { find: (name: string) => (name === 'mcp-session-id' ? 'abc' : undefined) },
      }
      const { created } = opening.answer(head as never, { replicaTag: tag, learn: () => undefined }, 0)
      const knows = (authorization: string) =>
        !isRefused(translate(dialect, 'POST', { authorization, 'mcp-session-id': created!.key }).translation)
      assert.deepEqual(
        [knows(of('alice')), knows(of('alice', 2)), knows(of('bob'))],
        [alice, refreshed, bob],
        bind,
      )
    }
  })

  test('names what has no session of the protocol by the other sources of the service', () => {
    const dialect = dialectOf({ session: 'header:x-session-id' })
    for (const [method, headers] of [
      ['POST', { 'mcp-method': 'ping' }],
      ['GET', { accept: 'text/event-stream' }],
      ['OPTIONS', {}],
      ['POST', {}],
    ] as const) {
      const { translation } = translate(dialect, method, { ...headers, 'x-session-id': 'mine' })
      assert.equal((translation as Translation).session?.key, 'mine')
    }
    const { translation } = translate(dialect, 'POST', { 'mcp-session-id': sealed, 'x-session-id': 'mine' })
    assert.equal((translation as Translation).session?.key, sealed)
  })

  test('has no word for requests that are for none of its services, and names none by the head alone', () => {
    assert.equal(dialectOf().translator!.refuseStranger(sampleRequest()), undefined)
    assert.equal(dialectOf().name(sampleRequest({ 'mcp-session-id': sealed }), 0), undefined)
  })

  test('forgets what the request before said of its session', () => {
    const dialect = dialectOf()
    assert.equal(translate(dialect, 'POST', { 'mcp-session-id': 'x' }).state, 'unknown')
    assert.equal(translate(dialect, 'POST').state, 'none')
    assert.equal(translate(dialect, 'POST', { 'mcp-session-id': sealed }).state, 'valid')
    assert.equal(translate(dialect, 'OPTIONS').state, 'none')
  })
})

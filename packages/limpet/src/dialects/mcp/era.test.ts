import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findSessionParameter, kindOf } from './era.ts'
import { requestOf } from './mcp.fixture.ts'

const sse = { accept: 'application/json, text/event-stream' }

describe('a request', () => {
  for (const [what, kind, method, headers, target = '/mcp'] of [
    ['that names a session is of it', 'session', 'POST', { 'mcp-session-id': 'x' }],
    ['that names one with nothing is refused as one', 'session', 'POST', { 'mcp-session-id': '' }],
    ['that names a session is of it whatever its method', 'session', 'DELETE', { 'mcp-session-id': 'x' }],
    [
      'that names a session is of it whatever else it says',
      'session',
      'POST',
      { 'mcp-session-id': 'x', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
      '/m?sessionId=y',
    ],
    ['without a revision may begin a session', 'post', 'POST', {}],
    ['of 2025-03-26 may begin a session', 'post', 'POST', { 'mcp-protocol-version': '2025-03-26' }],
    ['of 2025-11-25 may begin a session', 'post', 'POST', { 'mcp-protocol-version': '2025-11-25' }],
    [
      'of 2025-11-25 may do so with the fields of the next one',
      'post',
      'POST',
      { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/call' },
    ],
    ['of 2026-07-28 has no session', 'modern', 'POST', { 'mcp-protocol-version': '2026-07-28' }],
    ['of a later revision has none', 'modern', 'POST', { 'mcp-protocol-version': '2027-01-01' }],
    [
      'of 2026-07-28 has none for a parameter',
      'modern',
      'POST',
      { 'mcp-protocol-version': '2026-07-28' },
      '/m?sessionId=y',
    ],
    [
      'of a draft is told by its method',
      'modern',
      'POST',
      { 'mcp-protocol-version': 'DRAFT', 'mcp-method': 'ping' },
    ],
    ['that tells its method only is of the new era', 'modern', 'POST', { 'mcp-method': 'tools/call' }],
    ['that begins a session and tells so is of the old one', 'post', 'POST', { 'mcp-method': 'initialize' }],
    ['to a session of HTTP+SSE is of that', 'post-to-stream', 'POST', {}, '/messages?sessionId=x'],
    ['to one of a Python server is, too', 'post-to-stream', 'POST', {}, '/messages/?a=b&session_id=x'],
    ['for events opens a stream', 'stream', 'GET', sse],
    ['for events opens one however it is spelt', 'stream', 'GET', { accept: 'Text/Event-Stream;q=1' }],
    ['for anything opens none', 'other', 'GET', { accept: '*/*' }],
    ['for something like events opens none', 'other', 'GET', { accept: 'text/event-streams' }],
    ['for nothing opens none', 'other', 'GET', {}],
    ['before another is none', 'other', 'OPTIONS', sse],
  ] as const) {
    test(what, () => assert.equal(kindOf(requestOf(method, headers as Record<string, string>, target)), kind))
  }
})

describe("a session's name in a target", () => {
  for (const [target, value] of [
    ['/m?sessionId=abc', 'abc'],
    ['/m?session_id=abc', 'abc'],
    ['/m?a=b&sessionId=abc&c=d', 'abc'],
    ['/m?sessionId=abc#part', 'abc'],
    ['/m?sessionId=a=b', 'a=b'],
    ['/m?sessionId=first&sessionId=second', 'first'],
    ['http://host/m?sessionId=abc', 'abc'],
    ['/m?sessionId=', undefined],
    ['/m?sessionid=abc', undefined],
    ['/m?mysessionId=abc', undefined],
    ['/m?sessionIds=abc', undefined],
    ['/sessionId=abc', undefined],
    ['/m', undefined],
    ['', undefined],
  ] as const) {
    test(`${target} is ${value}`, () => {
      const found = findSessionParameter(target)
      assert.equal(found?.value, value)
      if (found !== undefined) assert.equal(target.slice(found.from, found.to), value)
    })
  }

  test('is looked for in a time that grows with the target', () => {
    const startedMs = performance.now()
    assert.equal(
      findSessionParameter('?sessionId='.repeat(100_000) + '&'.repeat(1_000_000))?.value.length,
      1_099_989,
    )
    assert.ok(performance.now() - startedMs < 1000)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { saysUnknownSession } from './unknown-session.ts'

const error = (code: number, message: string, more: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', error: { code, message, ...more }, id: null })

describe('a replica that does not know a session', () => {
  for (const [status, content] of [
    [404, error(-32001, 'Session not found')],
    [404, error(-32600, 'Session not found')],
    [404, error(-32600, 'Not Found: Invalid or expired session ID')],
    [404, error(-32600, 'Not Found: Session has been terminated')],
    [404, 'Session not found'],
    [404, ''],
    [404, '404 page not found\n'],
    [404, '<html>'],
    [404, '{"error":'],
    [404, error(-32000, 'x'.repeat(9000))],
    [400, error(-32000, 'Bad Request: No valid session ID provided')],
    [400, error(-32000, 'Bad Request: No valid session ID or not an initialize request')],
    [400, error(-32000, 'Bad Request: Missing session ID or not an initialize request')],
    [400, error(-32000, 'Bad Request: Server not initialized')],
    [400, error(-32000, 'Server not initialized')],
    [400, error(-32000, 'Bad Request: Session not initialized')],
    [400, error(-32600, 'Bad Request: Missing session ID')],
    [400, error(-32600, 'Session not found')],
    [400, error(-32000, 'Session not found: 1868a90c-6a39-4b0e-9c0d-2f1f8d1b7a60')],
    [400, error(-32000, 'Session 1868a90c-6a39-4b0e-9c0d-2f1f8d1b7a60 not found')],
    [400, error(-32000, 'Session "abc" does not exist')],
    [400, error(-32001, 'Session expired')],
    [400, error(-32000, 'Unknown session')],
    [400, error(-32000, 'Invalid session ID: abc')],
    [400, error(-32000, 'Mcp-Session-Id not found')],
    [400, error(-32000, 'No active session')],
    [400, 'Bad Request: No valid session ID provided'],
    [400, 'Invalid or missing session ID'],
    [400, 'Invalid session ID\n'],
    [400, 'session not found'],
    [400, '{"error":"Invalid session"}'],
    [400, '{"detail":"Session not found"}'],
    [400, '{"message":"Unknown session_id"}'],
  ] as const) {
    test(`says so with ${status} ${content.slice(0, 110)}`, () => {
      assert.equal(saysUnknownSession(status, Buffer.from(content)), true)
    })
  }

  for (const [status, content] of [
    [404, error(-32601, 'Method not found')],
    [404, error(-32601, 'Session not found')],
    [404, ` ${error(-32601, 'Method not found', { data: { name: 'x' } })}\n`],
    [400, ''],
    [
      400,
      error(-32000, 'Bad Request: Unsupported protocol version: 2099-01-01 (supported versions: 2025-11-25)'),
    ],
    [400, error(-32600, 'Invalid Request: Server already initialized')],
    [400, error(-32700, 'Parse error')],
    [400, error(-32700, 'Parse error: Invalid JSON', { data: { text: '{"session":"not found"' } })],
    [400, error(-32602, 'Invalid params: session must be a string')],
    [400, error(-32602, 'Invalid params: unknown session')],
    [400, error(-32602, 'Session not found')],
    [400, error(-32000, 'Invalid params: session_name is required')],
    [400, error(-32000, 'Invalid booking session date')],
    [400, error(-32000, 'Invalid session name')],
    [400, error(-32000, 'Session name is invalid')],
    [400, error(-32000, 'The session must not be missing')],
    [400, error(-32000, 'The tool open_session was given an invalid argument')],
    [400, error(-32000, 'Your training session of 5 May is not found in the calendar')],
    [400, error(-32000, 'Bad Request: Session exists but uses a different transport protocol')],
    [400, error(-32000, 'Conflict: Only one SSE stream is allowed per session')],
    [400, error(-32000, 'Too many open sessions')],
    [400, JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: 'Session not found' } })],
    [400, JSON.stringify({ error: { message: 'no', data: 'Session not found' } })],
    [400, '<html><title>400</title>Session not found</html>'],
    [400, 'null'],
    [400, '[]'],
    [400, `Session not found ${'x'.repeat(2000)}`],
  ] as const) {
    test(`says something else with ${status} ${content.slice(0, 110)}`, () => {
      assert.equal(saysUnknownSession(status, Buffer.from(content)), false)
    })
  }

  test('is seen through in a time that grows with its length', () => {
    const startedMs = performance.now()
    for (const part of [
      'session ',
      'invalid ',
      'no valid session',
      'session-',
      'Bad Request: ',
      '{"error":{"message":"',
    ])
      for (const status of [400, 404])
        saysUnknownSession(status, Buffer.from(part.repeat(16_384 / part.length)))
    assert.ok(performance.now() - startedMs < 500)
  })
})

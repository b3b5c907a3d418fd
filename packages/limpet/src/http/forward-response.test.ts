import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forwardResponseHead } from './forward-response.ts'
import { headOf, parseResponse } from './heads.fixture.ts'

const none = { dropCoding: false, dropLength: false, dropCacheControl: false, dropped: [] as string[] }
const ok = 'HTTP/1.1 200 OK'

/** What a client is sent for a response of these lines, up to the empty line. */
function sent(lines: readonly string[], changes = none): string[] {
  const head = parseResponse(headOf(...lines))
  assert.ok(head !== undefined, 'the head is refused')
  const text = forwardResponseHead(head, changes)
  assert.ok(text.endsWith('\r\n'))
  return text.slice(0, -2).split('\r\n')
}

test('the head goes on in the order and spelling it came in', () => {
  const lines = [
    'HTTP/1.1 299 caf\xe9 !',
    'set-COOKIE: a=1',
    'X-A:1',
    'Set-Cookie: b=2; Path=/',
    'CONTENT-length: 5 ',
    'Set-Cookie: c=3',
    'Date: now',
    'X-Empty:',
    'Via: 1.1 other',
  ]
  assert.deepEqual(sent(lines), lines)
})
test('a head without fields', () => assert.deepEqual(sent([ok]), [ok]))
test('a status line without a reason', () =>
  assert.deepEqual(sent(['HTTP/1.1 200', 'A: b']), ['HTTP/1.1 200', 'A: b']))
test('HTTP/1.0 becomes HTTP/1.1 (RFC 9110 §2.5)', () => {
  assert.deepEqual(sent(['HTTP/1.0 404 Not Found', 'A: b']), ['HTTP/1.1 404 Not Found', 'A: b'])
})

describe('fields of the replica hop are not passed on (RFC 9110 §7.6.1)', () => {
  for (const line of [
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: close',
    'TE: trailers',
    'Upgrade: h2',
    'HTTP2-Settings: x',
    'Limpet-Decision: hit',
    'limpet-epoch: 1',
    'Content_Length: 9',
    'Transfer_Encoding: chunked',
    'Set_Cookie: a=b',
  ])
    test(line, () => assert.deepEqual(sent([ok, 'X-A: 1', line, 'X-B: 2']), [ok, 'X-A: 1', 'X-B: 2']))

  test('fields that Connection names', () => {
    assert.deepEqual(sent([ok, 'X-INT: 1', 'Connection: x-int, close', 'X-Int-2: 2', 'x-int: 3']), [
      ok,
      'X-Int-2: 2',
    ])
  })
  test('end-to-end fields stay, whatever Connection names', () => {
    const kept = [ok, 'Set-Cookie: a=b', 'Content-Length: 5', 'Content-Type: x', 'Date: now', 'Location: /']
    assert.deepEqual(
      sent([...kept, 'Connection: Set-Cookie, Content-Length, Content-Type, Date, Location']),
      kept,
    )
  })
})

describe('what the data path leaves out', () => {
  const lines = [
    ok,
    'Transfer-Encoding: chunked',
    'Cache-Control: max-age=1',
    'A: b',
    'Cache-Control: public',
  ]
  test('Transfer-Encoding, for content that is relayed decoded', () => {
    assert.deepEqual(sent(lines, { ...none, dropCoding: true }), [ok, ...lines.slice(2)])
  })
  test('Cache-Control, when the router adds its own', () => {
    assert.deepEqual(sent(lines, { ...none, dropCacheControl: true }), [
      ok,
      'Transfer-Encoding: chunked',
      'A: b',
    ])
  })
  test('Content-Length, when the status allows none (RFC 9110 §8.6)', () => {
    const with5 = ['HTTP/1.1 204 None', 'Content-Length: 5', 'A: b', 'Content-Length: 5']
    assert.deepEqual(sent(with5, { ...none, dropLength: true }), ['HTTP/1.1 204 None', 'A: b'])
  })
})

test('a length that is said twice goes on once: clients refuse two (RFC 9110 §8.6)', () => {
  assert.deepEqual(
    sent([ok, 'A: b', 'Content-Length: 5', 'C: d', 'content-length: 5', 'Content-Length: 5', 'E: f']),
    [ok, 'A: b', 'Content-Length: 5', 'C: d', 'E: f'],
  )
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { INCOMPLETE } from './field-block.ts'
import { headOf, parseResponse } from './heads.fixture.ts'
import { ResponseHead } from './response-head.ts'

function responseOf(...lines: readonly string[]): ResponseHead {
  const head = parseResponse(headOf(...lines))
  assert.ok(head !== undefined, 'the head is refused')
  return head
}
const ok = 'HTTP/1.1 200 OK'

describe('status lines that are accepted (RFC 9112 §4)', () => {
  for (const [line, status, reason, minor] of [
    [ok, 200, 'OK', 1],
    ['HTTP/1.0 404 Not Found', 404, 'Not Found', 0],
    ['HTTP/1.1 200 ', 200, '', 1],
    ['HTTP/1.1 200', 200, '', 1],
    ['HTTP/1.1 299 caf\xe9 \t!', 299, 'caf\xe9 \t!', 1],
    ['HTTP/1.1 103 Early Hints', 103, 'Early Hints', 1],
    ['HTTP/1.1 999 x', 999, 'x', 1],
  ] as const) {
    test(JSON.stringify(line), () => {
      const head = responseOf(line, 'A: b')
      assert.deepEqual([head.status, head.reason, head.minor], [status, reason, minor])
      assert.equal(head.fields.find('a'), 'b')
    })
  }
})

describe('heads that make the answer a 502', () => {
  for (const [why, lines] of [
    ['no status', ['HTTP/1.1 OK']],
    ['a status of two digits', ['HTTP/1.1 20 OK']],
    ['a status of four digits', ['HTTP/1.1 2000 OK']],
    ['a status below 100', ['HTTP/1.1 099 OK']],
    ['two spaces before the status', ['HTTP/1.1  200 OK']],
    ['a tab behind the status', ['HTTP/1.1 200\tOK']],
    ['a NUL in the reason', ['HTTP/1.1 200 O\0K']],
    ['a bare CR in the reason', ['HTTP/1.1 200 O\rK']],
    ['a bare LF in the reason', ['HTTP/1.1 200 O\nK']],
    ['HTTP/1.2', ['HTTP/1.2 200 OK']],
    ['HTTP/2', ['HTTP/2 200 OK']],
    ['another protocol', ['ICY 200 OK']],
    ['lower case', ['http/1.1 200 OK']],
    ['bytes before it', ['xHTTP/1.1 200 OK']],
    ['a request', ['GET / HTTP/1.1']],
    ['an empty line before it', ['', ok]],
    ['a bare LF behind a field', [ok, 'A: b\nC: d']],
    ['a folded line', [ok, 'A: b', ' c']],
    ['a space before the colon', [ok, 'A : b']],
    ['a NUL in a value', [ok, 'A: \0']],
    ['a length and chunked', [ok, 'Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['two different lengths', [ok, 'Content-Length: 5', 'Content-Length: 6']],
    ['a list of lengths', [ok, 'Content-Length: 5, 5']],
    ['a length that is none', [ok, 'Content-Length: x']],
    ['a good length after a bad one', [ok, 'Content-Length: -1', 'Content-Length: 5']],
    ['chunked twice', [ok, 'Transfer-Encoding: chunked, chunked']],
    ['chunked on two lines', [ok, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['another coding', [ok, 'Transfer-Encoding: gzip, chunked']],
    ['identity', [ok, 'Transfer-Encoding: identity']],
    [
      'chunked with a tab behind it, which Node reads as another coding',
      [ok, 'Transfer-Encoding: chunked\t'],
    ],
    ['chunked in HTTP/1.0', ['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked']],
    ['more than 500 fields', [ok, ...Array.from({ length: 501 }, () => 'A: b')]],
  ] as const)
    test(why, () => assert.equal(parseResponse(headOf(...lines)), undefined))
})

describe('framing (RFC 9112 §6.3)', () => {
  for (const [why, lines, length, chunked] of [
    ['neither', [], -1, false],
    ['a length', ['Content-Length: 5'], 5, false],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5'], 5, false],
    ['chunked', ['Transfer-Encoding: Chunked'], -1, true],
  ] as const) {
    test(why, () => {
      const head = responseOf(ok, ...lines)
      assert.deepEqual([head.contentLength, head.chunked], [length, chunked])
    })
  }
  for (const [status, method, none] of [
    [200, 'GET', false],
    [200, 'HEAD', true],
    [404, 'POST', false],
    [204, 'GET', true],
    [304, 'GET', true],
    [103, 'GET', true],
    [205, 'GET', false],
  ] as const)
    test(`${status} to ${method} has ${none ? 'no' : 'its'} content`, () =>
      assert.equal(responseOf(`HTTP/1.1 ${status} x`, 'Content-Length: 5').hasNoContent(method), none))
})

describe('how the connection goes on (RFC 9112 §9.3)', () => {
  for (const [lines, keepAlive] of [
    [[ok], true],
    [[ok, 'Connection: close'], false],
    [[ok, 'Connection: keep-alive', 'Connection: Close'], false],
    [['HTTP/1.0 200 OK'], false],
    [['HTTP/1.0 200 OK', 'Connection: Keep-Alive'], true],
  ] as const)
    test(lines.join(' / '), () => assert.equal(responseOf(...lines).keepAlive, keepAlive))

  for (const [value, seconds] of [
    ['timeout=5', 5],
    ['timeout=5, max=100', 5],
    ['max=100', -1],
    ['timeout=x', -1],
    ['timeout=-1', -1],
  ] as const)
    test(`Keep-Alive: ${value} is ${seconds}`, () =>
      assert.equal(responseOf(ok, `Keep-Alive: ${value}`).keepAliveSeconds, seconds))
})

describe('what the response says of its content', () => {
  for (const [value, is] of [
    ['text/event-stream', true],
    ['Text/Event-Stream; charset=utf-8', true],
    ['application/json', false],
    ['x-text/event-stream', false],
  ] as const)
    test(`${value} ${is ? 'may' : 'may not'} be silent for long`, () =>
      assert.equal(responseOf(ok, `Content-Type: ${value}`).eventStream, is))

  for (const [values, is] of [
    [['no-store'], true],
    [['Private, max-age=0'], true],
    [['max-age=60', 'private'], true],
    [['no-store', 'max-age=60'], true],
    [['public, max-age=60'], false],
    [['no-cache'], false],
  ] as const)
    test(`Cache-Control: ${values.join(' / ')} ${is ? 'keeps' : 'does not keep'} it out of shared caches`, () =>
      assert.equal(responseOf(ok, ...values.map((value) => `Cache-Control: ${value}`)).uncacheable, is))
})

test('whether it is dated', () => {
  assert.equal(responseOf(ok, 'dATE: now').hasDate, true)
  assert.equal(responseOf(ok, 'X-Date: now').hasDate, false)
})

test('a parser that is used again forgets what the last head said', () => {
  const head = responseOf(
    'HTTP/1.0 500 Bad',
    'Content-Length: 5',
    'Connection: close, upgrade, X-Int',
    'Keep-Alive: timeout=5',
    'Content-Type: text/event-stream',
    'Cache-Control: no-store',
    'Date: now',
  )
  const bytes = Buffer.from(headOf(ok), 'latin1')
  assert.ok(head.parse(bytes, 0, bytes.length))
  const fresh = responseOf(ok)
  for (const key of [
    'status',
    'reason',
    'minor',
    'contentLength',
    'chunked',
    'keepAlive',
    'eventStream',
    'keepAliveSeconds',
    'uncacheable',
    'hasDate',
    'connection',
  ] as const)
    assert.deepEqual(head[key], fresh[key], key)
})

test('every beginning of a head is incomplete, whatever an older read left behind it', () => {
  for (const text of [headOf('HTTP/1.1 200 OK', 'Content-Length: 3', 'X: y'), headOf('HTTP/1.0 404')])
    for (let length = 0; length < text.length; length++) {
      const bytes = Buffer.from(`${text.slice(0, length)}\0${text}`, 'latin1')
      assert.equal(new ResponseHead().parse(bytes, 0, length), INCOMPLETE, `${length} bytes`)
    }
})

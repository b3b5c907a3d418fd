import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forwardTrailers } from './trailers.ts'

const section = (...lines: readonly string[]) => `${lines.map((line) => `${line}\r\n`).join('')}\r\n`

describe('trailer fields that go on (RFC 9110 §6.5)', () => {
  const cases: readonly (readonly [why: string, lines: readonly string[], kept: string])[] = [
    ['none', [], ''],
    ['one', ['X-T: 1'], 'X-T: 1\r\n'],
    [
      'spelling and order stay',
      ['x-B:1', 'ETag: "a"', 'Grpc-Status: 0'],
      'x-B:1\r\nETag: "a"\r\nGrpc-Status: 0\r\n',
    ],
    [
      'a forbidden one between others is left out',
      ['X-A: 1', 'Host: evil', 'X-B: 2'],
      'X-A: 1\r\nX-B: 2\r\n',
    ],
  ]
  for (const [why, lines, kept] of cases)
    test(why, () => assert.equal(forwardTrailers(section(...lines), []), kept))
})

describe('trailer fields that are dropped (RFC 9110 §6.5.1)', () => {
  const names = [
    'Content-Length',
    'Transfer-Encoding',
    'Host',
    'Authorization',
    'Cookie',
    'Set-Cookie',
    'Content-Type',
    'Content-Encoding',
    'Content-Range',
    'Trailer',
    'TE',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'Via',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Prefix',
    'X-Real-IP',
    'Proxy-Authorization',
    'If-Match',
    'If-None-Match',
    'Accept',
    'Accept-Encoding',
    'Access-Control-Allow-Origin',
    'Age',
    'Cache-Control',
    'Date',
    'Expires',
    'Location',
    'Max-Forwards',
    'Pragma',
    'Range',
    'Retry-After',
    'Vary',
    'Warning',
    'WWW-Authenticate',
    'Expect',
    'Limpet-Decision',
    'Limpet-Epoch',
    'Limpet-Anything',
  ]
  for (const name of names) {
    test(name, () => {
      assert.equal(forwardTrailers(section(`${name}: 1`), []), '')
      assert.equal(forwardTrailers(section(`${name.toLowerCase()}: 1`), []), '')
    })
  }
  for (const name of [
    'Content_Length',
    'Transfer_Encoding',
    'X_Real_IP',
    'If_Match',
    'Proxy_Authorization',
    'WWW_Authenticate',
    'Max_Forwards',
  ])
    test(`${name}, which some servers read as its hyphenated twin`, () =>
      assert.equal(forwardTrailers(section(`${name}: 1`), []), ''))
})

describe('trailer sections that are refused', () => {
  for (const [why, text] of [
    ['a space before the colon', section('X-T : 1')],
    ['no colon', section('broken')],
    ['folded', section('X-T: 1', ' 2')],
    ['a NUL', section('X-T: \0')],
    ['a bare CR', section('X-T: 1\rX-U: 2')],
    ['more than a hundred fields', section(...Array.from({ length: 101 }, () => 'X-T: 1'))],
  ] as const)
    test(why, () => assert.equal(forwardTrailers(text, []), undefined))

  test('a hundred fields are not too many', () => {
    const lines = Array.from({ length: 100 }, () => 'X-T: 1')
    assert.equal(forwardTrailers(section(...lines), []), section(...lines).slice(0, -2))
  })
})

test('a trailer that Connection names is for one hop (RFC 9110 §7.6.1)', () => {
  assert.equal(forwardTrailers(section('X-T: 1', 'X-U: 2'), ['x-t']), 'X-U: 2\r\n')
})

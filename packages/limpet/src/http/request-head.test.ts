import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { INCOMPLETE } from './field-block.ts'
import { headOf, parseRequest, requestOf, sampleLimits } from './heads.fixture.ts'
import { REFUSED, RequestHead } from './request-head.ts'

const refusalOf = (...lines: readonly string[]) => parseRequest(headOf(...lines)).refusal
const post = (...lines: readonly string[]) => ['POST / HTTP/1.1', 'Host: a', ...lines] as const

describe('request lines that are accepted (RFC 9112 §3)', () => {
  const cases: readonly (readonly [line: string, expected: Partial<RequestHead>])[] = [
    ['GET / HTTP/1.1', { method: 'GET', target: '/', minor: 1, verbatim: true, host: 'a' }],
    ['FOO /a/b?c=d&e HTTP/1.1', { method: 'FOO', target: '/a/b?c=d&e', verbatim: true }],
    ['get / HTTP/1.1', { method: 'get' }],
    ["!#$%&'*+-.^_`|~ / HTTP/1.1", { method: "!#$%&'*+-.^_`|~" }],
    ['GET //x/../y HTTP/1.1', { target: '//x/../y', verbatim: true }],
    ['GET /{"a"}|^\\`<> HTTP/1.1', { target: '/{"a"}|^\\`<>', verbatim: true }],
    ['GET / HTTP/1.0', { minor: 0, verbatim: false, keepAlive: false }],
    ['OPTIONS * HTTP/1.1', { target: '*', verbatim: true }],
    ['GET http://x.example:81/p?q HTTP/1.1', { target: '/p?q', host: 'x.example:81', verbatim: false }],
    ['GET HTTP://x HTTP/1.1', { target: '/', host: 'x', verbatim: false }],
    ['GET https://x?q HTTP/1.1', { target: '/?q', host: 'x', verbatim: false }],
    ['OPTIONS http://x HTTP/1.1', { target: '*', host: 'x', verbatim: false }],
    ['OPTIONS http://x/ HTTP/1.1', { target: '/', host: 'x' }],
  ]
  for (const [line, expected] of cases) {
    test(line, () => {
      const head = requestOf(headOf(line, 'Host: a'))
      for (const [key, value] of Object.entries(expected))
        assert.equal(head[key as keyof RequestHead], value, key)
    })
  }
})

describe('request lines that are refused', () => {
  const bad = 'LIMPET_BAD_REQUEST'
  const cases: readonly (readonly [why: string, line: string, code: string])[] = [
    ['HTTP/0.9', 'GET /', bad],
    ['no target', 'GET HTTP/1.1', bad],
    ['two spaces before the target', 'GET  / HTTP/1.1', bad],
    ['two spaces before the version', 'GET /  HTTP/1.1', bad],
    ['a space at the end', 'GET / HTTP/1.1 ', bad],
    ['a space at the start', ' GET / HTTP/1.1', bad],
    ['tabs', 'GET\t/\tHTTP/1.1', bad],
    ['a method that is no token', 'G=E / HTTP/1.1', bad],
    ['no method', ' / HTTP/1.1', bad],
    ['a space in the target', 'GET /a b HTTP/1.1', bad],
    ['a fragment (RFC 9110 §7.1)', 'GET /a#b HTTP/1.1', bad],
    ['a NUL in the target', 'GET /\0 HTTP/1.1', bad],
    ['DEL in the target', 'GET /\x7f HTTP/1.1', bad],
    ['bytes from 0x80 in the target', 'GET /\xe9 HTTP/1.1', bad],
    ['a target that is none', 'GET ! HTTP/1.1', bad],
    ['a target without its slash', 'GET a HTTP/1.1', bad],
    ['an authority for another method than CONNECT', 'GET a:80 HTTP/1.1', bad],
    ['an asterisk for another method than OPTIONS', 'GET * HTTP/1.1', bad],
    ['an asterisk and more', 'OPTIONS *a HTTP/1.1', bad],
    ['another scheme', 'GET ftp://x/ HTTP/1.1', bad],
    ['a scheme without slashes', 'GET http:x HTTP/1.1', bad],
    ['an empty host in the target', 'GET http:///p HTTP/1.1', 'LIMPET_BAD_HOST'],
    ['user information in the target', 'GET http://u@x/ HTTP/1.1', 'LIMPET_BAD_HOST'],
    ['a bad port in the target', 'GET http://x:99999/ HTTP/1.1', 'LIMPET_BAD_HOST'],
    ['a backslash in the target host', 'GET http://x\\y/ HTTP/1.1', 'LIMPET_BAD_HOST'],
    ['HTTP in lower case', 'GET / http/1.1', bad],
    ['a version without a minor', 'GET / HTTP/1', bad],
    ['a version of two digits', 'GET / HTTP/1.32', bad],
    ['a version that is none', 'GET / HTTX/1.1', bad],
    ['a bare CR behind the version', 'GET / HTTP/1.1\rX', bad],
    ['a bare LF behind the version', 'GET / HTTP/1.1\nX: y', bad],
    ['HTTP/1.2', 'GET / HTTP/1.2', 'LIMPET_VERSION_NOT_SUPPORTED'],
    ['HTTP/9.9', 'GET / HTTP/9.9', 'LIMPET_VERSION_NOT_SUPPORTED'],
    ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0', 'LIMPET_VERSION_NOT_SUPPORTED'],
    ['CONNECT', 'CONNECT a:80 HTTP/1.1', 'LIMPET_METHOD_NOT_ALLOWED'],
    ['TRACE', 'TRACE / HTTP/1.1', 'LIMPET_METHOD_NOT_ALLOWED'],
  ]
  for (const [why, line, code] of cases) test(why, () => assert.equal(refusalOf(line, 'Host: a'), code))
})

describe('the Host (RFC 9112 §3.2)', () => {
  const get = 'GET / HTTP/1.1'
  for (const [why, lines] of [
    ['missing', [get]],
    ['twice', [get, 'Host: a', 'Host: a']],
    ['empty', [get, 'Host:']],
    ['a list', [get, 'Host: a, b']],
    ['with user information', [get, 'Host: u@a']],
    ['missing beside an absolute target', ['GET http://x/ HTTP/1.1']],
    ['malformed beside an absolute target', ['GET http://x/ HTTP/1.1', 'Host: a b']],
    ['twice in HTTP/1.0', ['GET / HTTP/1.0', 'Host: a', 'Host: a']],
    ['spelt with a look-alike byte', [get, 'H\xf6st: a']],
  ] as const)
    test(`${why} is refused`, () => assert.notEqual(refusalOf(...lines), undefined))

  test('an absolute target goes before the Host line (RFC 9112 §3.2.2)', () => {
    assert.equal(requestOf(headOf('GET http://x/ HTTP/1.1', 'Host: y')).host, 'x')
  })
  test('HTTP/1.0 may do without', () => {
    assert.equal(requestOf(headOf('GET / HTTP/1.0')).host, '')
    assert.equal(requestOf(headOf('GET http://x/ HTTP/1.0')).host, 'x')
  })
})

describe('framing (RFC 9112 §6.3)', () => {
  const accepted: readonly (readonly [
    why: string,
    lines: readonly string[],
    length: number,
    chunked: boolean,
  ])[] = [
    ['neither: no content', [], -1, false],
    ['a length', ['Content-Length: 31'], 31, false],
    ['a length with spaces and tabs around it', ['Content-Length: \t 31 \t '], 31, false],
    ['chunked', ['Transfer-Encoding: chunked'], -1, true],
    ['chunked with spaces around it', ['Transfer-Encoding:\t Chunked '], -1, true],
    ['a look-alike is not the field', ['Transfer_Encoding: chunked', 'Content-Length: 5'], 5, false],
  ]
  for (const [why, lines, length, chunked] of accepted) {
    test(why, () => {
      const head = requestOf(headOf(...post(...lines)))
      assert.deepEqual([head.contentLength, head.chunked], [length, chunked])
    })
  }
  const framing = 'LIMPET_BAD_FRAMING'
  const refused: readonly (readonly [why: string, lines: readonly string[], code: string])[] = [
    ['a length and chunked', ['Content-Length: 31', 'Transfer-Encoding: chunked'], framing],
    ['chunked and a length', ['Transfer-Encoding: chunked', 'Content-Length: 31'], framing],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 31'], framing],
    ['the same length twice', ['Content-Length: 1', 'Content-Length: 1'], framing],
    ['a list of lengths', ['Content-Length: 1, 1'], framing],
    ['an empty length', ['Content-Length:'], framing],
    ['a leading zero', ['Content-Length: 010'], framing],
    ['chunked twice', ['Transfer-Encoding: chunked, chunked'], framing],
    ['chunked on two lines', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], framing],
    ['gzip and chunked on two lines', ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], framing],
    ['chunked and an empty second line', ['Transfer-Encoding: chunked', 'Transfer-Encoding:'], framing],
    [
      'chunked with a tab behind it, which Node reads as another coding',
      ['Transfer-Encoding: chunked\t'],
      framing,
    ],
    ['chunked with a space and a tab behind it', ['Transfer-Encoding: chunked \t'], framing],
    ['identity', ['Transfer-Encoding: identity'], framing],
    ['identity and a length', ['Transfer-Encoding: identity', 'Content-Length: 1'], framing],
    ['gzip before chunked', ['Transfer-Encoding: gzip, chunked'], 'LIMPET_CODING_NOT_SUPPORTED'],
    ['a vertical tab before chunked', ['Transfer-Encoding: \x0bchunked'], 'LIMPET_BAD_REQUEST'],
    ['byte 0xA0 before chunked', ['Transfer-Encoding: \xa0chunked'], framing],
    ['a space before the colon', ['Content-Length : 1'], 'LIMPET_BAD_REQUEST'],
    ['a folded coding', ['Transfer-Encoding:', ' chunked'], 'LIMPET_BAD_REQUEST'],
  ]
  for (const [why, lines, code] of refused)
    test(`${why} is refused`, () => assert.equal(refusalOf(...post(...lines)), code))

  test('chunked in HTTP/1.0 is refused (RFC 9112 §6.1)', () => {
    assert.equal(refusalOf('POST / HTTP/1.0', 'Transfer-Encoding: chunked'), framing)
  })
})

describe('how the connection goes on (RFC 9112 §9.3)', () => {
  for (const [version, lines, keepAlive] of [
    ['1.1', [], true],
    ['1.1', ['Connection: close'], false],
    ['1.1', ['Connection: keep-alive, close'], false],
    ['1.1', ['Connection: x', 'Connection: Close'], false],
    ['1.1', ['Proxy-Connection: close'], true],
    ['1.0', [], false],
    ['1.0', ['Connection: Keep-Alive'], true],
    ['1.0', ['Connection: keep-alive', 'Connection: close'], false],
  ] as const)
    test(`HTTP/${version} ${JSON.stringify(lines)}`, () =>
      assert.equal(requestOf(headOf(`GET / HTTP/${version}`, 'Host: a', ...lines)).keepAlive, keepAlive))
})

describe('protocol switches (RFC 9110 §7.8)', () => {
  for (const [why, lines, upgrade] of [
    ['asked for', ['Connection: Upgrade', 'Upgrade: websocket'], 'websocket'],
    ['in the other order', ['Upgrade: websocket', 'Connection: keep-alive, upgrade'], 'websocket'],
    ['without Connection', ['Upgrade: websocket'], ''],
    ['without Upgrade', ['Connection: upgrade'], ''],
    ['to cleartext HTTP/2', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'], ''],
    ['to cleartext HTTP/2 among others', ['Connection: Upgrade', 'Upgrade: websocket, H2C'], ''],
  ] as const)
    test(`${why}: ${upgrade === '' ? 'an ordinary request' : upgrade}`, () =>
      assert.equal(requestOf(headOf('GET / HTTP/1.1', 'Host: a', ...lines)).upgrade, upgrade))

  test('HTTP/1.0 knows none', () => {
    const lines = ['GET / HTTP/1.0', 'Connection: upgrade', 'Upgrade: websocket']
    assert.equal(requestOf(headOf(...lines)).upgrade, '')
  })
})

describe('Max-Forwards (RFC 9110 §7.6.2)', () => {
  const hopsOf = (method: string, value: string) =>
    requestOf(headOf(`${method} / HTTP/1.1`, 'Host: a', `Max-Forwards: ${value}`)).maxForwards
  for (const [method, value, hops] of [
    ['OPTIONS', '0', 0],
    ['OPTIONS', '5', 5],
    ['GET', '0', -1],
    ['POST', 'x', -1],
  ] as const)
    test(`${method} with ${value} is ${hops}`, () => assert.equal(hopsOf(method, value), hops))

  test('a request without it may go any way', () =>
    assert.equal(requestOf(headOf('OPTIONS / HTTP/1.1', 'Host: a')).maxForwards, -1))
  test('OPTIONS with one that is no number is refused', () => {
    assert.equal(refusalOf('OPTIONS / HTTP/1.1', 'Host: a', 'Max-Forwards: x'), 'LIMPET_BAD_REQUEST')
  })
})

describe('bounds', () => {
  const limits = { headBytes: 1000, headerCount: 8, targetBytes: 64 }
  const codeOf = (text: string) => parseRequest(text, limits).refusal

  test('a target at its bound is accepted, one byte more is 414', () => {
    assert.equal(codeOf(headOf(`GET /${'a'.repeat(63)} HTTP/1.1`, 'Host: a')), undefined)
    assert.equal(codeOf(headOf(`GET /${'a'.repeat(64)} HTTP/1.1`, 'Host: a')), 'LIMPET_TARGET_TOO_LONG')
  })
  test('as many fields as allowed are accepted, one more is 431', () => {
    const fields = (count: number) => Array.from({ length: count }, () => 'X: y')
    assert.equal(codeOf(headOf('GET / HTTP/1.1', 'Host: a', ...fields(7))), undefined)
    assert.equal(codeOf(headOf('GET / HTTP/1.1', 'Host: a', ...fields(8))), 'LIMPET_HEAD_TOO_LARGE')
  })
  test('2,500 fields are refused, with the largest bound too', () => {
    const text = headOf('GET / HTTP/1.1', 'Host: a', ...Array.from({ length: 2500 }, () => 'X: y'))
    assert.equal(parseRequest(text, { ...sampleLimits, headerCount: 1000 }).refusal, 'LIMPET_HEAD_TOO_LARGE')
  })
})

describe('a field read by name', () => {
  const head = requestOf(
    headOf('GET / HTTP/1.1', 'Host: a', 'X-S: one', 'Cookie: a=b', 'x-s: two', 'COOKIE: c=d', 'X-Empty:'),
  )
  for (const [name, value] of [
    ['x-s', 'one, two'],
    ['X-S', 'one, two'],
    ['Cookie', 'a=b; c=d'],
    ['host', 'a'],
    ['x-empty', ''],
    ['x-none', undefined],
    ['x_s', undefined],
  ] as const)
    test(`${name}: ${value}`, () => assert.equal(head.header(name), value))
})

test('a parser that is used again forgets what the last head said', () => {
  const first = headOf(
    'OPTIONS http://x/p HTTP/1.0',
    'Host: a',
    'Content-Length: 5',
    'Connection: close, upgrade, X-Secret',
    'Max-Forwards: 3',
  )
  const second = headOf('GET / HTTP/1.1', 'Host: b')
  const { head } = parseRequest(first)
  const bytes = Buffer.from(second, 'latin1')
  assert.equal(head.parse(bytes, 0, bytes.length, sampleLimits), bytes.length)
  const fresh = requestOf(second)
  assert.equal(head.fields.count, 1)
  for (const key of [
    'method',
    'target',
    'verbatim',
    'minor',
    'host',
    'contentLength',
    'chunked',
    'keepAlive',
    'upgrade',
    'maxForwards',
    'connection',
  ] as const)
    assert.deepEqual(head[key], fresh[key], key)
})

test('whatever bytes come, a head is parsed or refused, and never reads past its end', () => {
  const text = headOf('POST /p?q HTTP/1.1', 'Host: a', 'Content-Length: 3', 'X-S: one')
  for (let at = 0; at < text.length - 4; at++) {
    for (const byte of ['\0', '\r', '\n', ' ', '\t', ':', '\xff', 'A']) {
      const changed = text.slice(0, at) + byte + text.slice(at + 1)
      const { head, refusal } = parseRequest(changed)
      if (refusal !== undefined) continue
      assert.equal(head.fields.lineStart[head.fields.count], changed.length - 2)
      assert.doesNotMatch(changed, /[^\r]\n|\r[^\n]|\0/, 'a control character went through')
    }
  }
})

test('every beginning of a head is incomplete, whatever an older read left behind it', () => {
  for (const text of [
    headOf('POST /p?q HTTP/1.1', 'Host: a', 'Content-Length: 3', 'X-S: one'),
    headOf('GET http://a/b HTTP/1.0', 'Host: a'),
  ])
    for (let length = 0; length < text.length; length++) {
      const head = new RequestHead()
      const bytes = Buffer.from(`${text.slice(0, length)}\0${text}`, 'latin1')
      assert.equal(head.parse(bytes, 0, length, sampleLimits), INCOMPLETE, `${length} bytes`)
    }
})

test('a request line that is wrong is refused before the rest has come', () => {
  for (const [line, code] of [
    ['G(', 'LIMPET_BAD_REQUEST'],
    ['GET /a b', 'LIMPET_BAD_REQUEST'],
    ['GET / HTTP/1.1\n', 'LIMPET_BAD_REQUEST'],
    ['GET / HTTP/2.0\r\n', 'LIMPET_VERSION_NOT_SUPPORTED'],
    [`GET /${'a'.repeat(sampleLimits.targetBytes)}`, 'LIMPET_TARGET_TOO_LONG'],
  ] as const) {
    const head = new RequestHead()
    assert.equal(head.parse(Buffer.from(`${line}\0`), 0, line.length, sampleLimits), REFUSED, line)
    assert.equal(head.refusal, code, line)
  }
})

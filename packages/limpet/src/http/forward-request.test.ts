import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forwardRequestHead, HopLines, isLoop, type RequestHop, UNCHANGED } from './forward-request.ts'
import { headOf, requestOf } from './heads.fixture.ts'

const stranger: RequestHop = {
  trusted: false,
  peerAddress: '192.0.2.1',
  proto: 'http',
  via: 'limpet-1',
  forwarded: false,
}
const proxy: RequestHop = { ...stranger, trusted: true }

/** What a replica is sent for a request of these lines, up to the empty line. */
function sent(lines: readonly string[], hop = stranger, dropHost = false): string[] {
  const text = forwardRequestHead(requestOf(headOf(...lines)), new HopLines(hop), {
    ...UNCHANGED,
    replacesHost: dropHost,
  })
  assert.ok(text.endsWith('\r\n'))
  return text.slice(0, -2).split('\r\n')
}

const added = [
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Host: a',
  'Via: 1.1 limpet-1',
]
const get = ['GET / HTTP/1.1', 'Host: a']

test('the head goes on in the order and spelling it came in, then the fields of this hop', () => {
  const lines = [
    'pOST /a?b=%20 HTTP/1.1',
    'x-UPPER:1',
    'hOST: \t a',
    'Accept: */*',
    'COOKIE: a=b',
    'x-upper: 2 ',
    'X-Empty:',
    'X-Obs: caf\xe9',
    'content-LENGTH: 3',
    'Via: 1.0 other',
  ]
  assert.deepEqual(sent(lines), [...lines, ...added])
})

describe('fields of the client hop are not passed on (RFC 9110 §7.6.1)', () => {
  for (const line of [
    'Connection: keep-alive',
    'Connection: close',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: gzip',
    'TE: trailers',
    'Upgrade: websocket',
    'HTTP2-Settings: AAMA',
    'Limpet-Decision: hit',
    'limpet-epoch: 9',
  ])
    test(line, () =>
      assert.deepEqual(sent([...get, 'X-A: 1', line, 'X-B: 2']), [...get, 'X-A: 1', 'X-B: 2', ...added]),
    )

  test('as the first, the last and every line', () => {
    assert.deepEqual(sent(['GET / HTTP/1.1', 'TE: gzip', 'Host: a', 'TE: gzip', 'TE: gzip']), [
      ...get,
      ...added,
    ])
  })
  test('fields that Connection names', () => {
    const lines = [
      ...get,
      'X-Secret: 1',
      'Connection: x-secret, X-OTHER',
      'x-SECRET: 2',
      'X-Other: 3',
      'X-Secret-2: 4',
    ]
    assert.deepEqual(sent(lines), [...get, 'X-Secret-2: 4', ...added])
  })
  test('end-to-end fields stay, whatever Connection names', () => {
    const kept = [...get, 'Cookie: a=b', 'Authorization: x', 'Content-Length: 0']
    const names =
      'Connection: Host, Cookie, Authorization, Content-Length, X-Forwarded-For, X-Forwarded-Proto, Via'
    assert.deepEqual(sent([...kept, names]), [...kept, ...added])
  })
})

describe('look-alikes of known fields are dropped', () => {
  for (const line of [
    'Transfer_Encoding: chunked',
    'Content_Length: 5',
    'X_Forwarded_For: 1.2.3.4',
    'x-forwarded_proto: https',
    'Proxy_Connection: close',
  ])
    test(line, () => assert.deepEqual(sent([...get, line]), [...get, ...added]))
})

describe('forwarding fields', () => {
  const claims = [
    'X-Forwarded-For: 1.2.3.4',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: public.example',
    'Forwarded: for=1.2.3.4',
  ]

  test('those of a stranger are replaced', () =>
    assert.deepEqual(sent([...get, ...claims]), [...get, ...added]))

  test('those of a trusted proxy are believed and added to', () => {
    assert.deepEqual(sent([...get, ...claims], proxy), [
      ...get,
      'X-Forwarded-For: 1.2.3.4, 192.0.2.1',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: public.example',
      'Forwarded: for=1.2.3.4',
      'Via: 1.1 limpet-1',
    ])
  })
  test('several lines of a trusted proxy become one', () => {
    const lines = [...get, 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-For: 5.6.7.8, 9.9.9.9']
    assert.equal(sent(lines, proxy)[2], 'X-Forwarded-For: 1.2.3.4, 5.6.7.8, 9.9.9.9, 192.0.2.1')
  })
  test('a trusted proxy that says nothing is the client', () =>
    assert.deepEqual(sent(get, proxy), [...get, ...added]))

  test('TLS on our side is told', () => {
    assert.equal(sent(get, { ...stranger, proto: 'https' })[3], 'X-Forwarded-Proto: https')
  })
  test('an IPv6 address stands bare in X-Forwarded-For', () => {
    assert.equal(sent(get, { ...stranger, peerAddress: '2001:db8::1' })[2], 'X-Forwarded-For: 2001:db8::1')
  })

  describe('Forwarded (RFC 7239), where it is switched on', () => {
    const forwardedOf = (lines: readonly string[], hop: RequestHop) =>
      sent(lines, { ...hop, forwarded: true }).filter((line) => line.startsWith('Forwarded'))
    for (const [why, lines, hop, expected] of [
      ['one element of our own', get, stranger, 'for=192.0.2.1;host="a";proto=http'],
      [
        "a stranger's is replaced",
        [...get, 'Forwarded: for=x'],
        stranger,
        'for=192.0.2.1;host="a";proto=http',
      ],
      [
        "a trusted proxy's is added to",
        [...get, 'Forwarded: for=x', 'Forwarded: for=y'],
        proxy,
        'for=x, for=y, for=192.0.2.1;host="a";proto=http',
      ],
      [
        'an IPv6 address is quoted',
        get,
        { ...stranger, peerAddress: '2001:db8::1' },
        'for="[2001:db8::1]";host="a";proto=http',
      ],
      [
        'a port in the host is quoted',
        ['GET / HTTP/1.1', 'Host: a:80'],
        stranger,
        'for=192.0.2.1;host="a:80";proto=http',
      ],
      ['no host in HTTP/1.0', ['GET / HTTP/1.0'], stranger, 'for=192.0.2.1;proto=http'],
    ] as const)
      test(why, () => assert.deepEqual(forwardedOf(lines, hop), [`Forwarded: ${expected}`]))
  })
})

describe('heads that are written anew', () => {
  test('an absolute target becomes a path, and its host the Host (RFC 9112 §3.2.2)', () => {
    assert.deepEqual(sent(['GET http://x:81/p?q HTTP/1.1', 'A: b', 'Host: y', 'C: d']), [
      'GET /p?q HTTP/1.1',
      'A: b',
      'C: d',
      'Host: x:81',
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: x:81',
      'Via: 1.1 limpet-1',
    ])
  })
  test('HTTP/1.0 becomes HTTP/1.1, and Via says what it was (RFC 9110 §7.6.3)', () => {
    assert.deepEqual(sent(['GET / HTTP/1.0', 'Host: a', 'Connection: keep-alive']), [
      ...get,
      ...added.slice(0, 3),
      'Via: 1.0 limpet-1',
    ])
  })
  test('an HTTP/1.0 request without a Host gets the empty one that HTTP/1.1 requires (RFC 9112 §3.2)', () => {
    assert.deepEqual(sent(['GET / HTTP/1.0', 'A: b']), [
      'GET / HTTP/1.1',
      'A: b',
      'Host: ',
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'Via: 1.0 limpet-1',
    ])
  })
  test('a Host that each attempt adds is left out here, and stays known as the one the client asked for', () => {
    assert.deepEqual(sent(['GET / HTTP/1.1', 'A: b', 'Host: a', 'C: d'], stranger, true), [
      'GET / HTTP/1.1',
      'A: b',
      'C: d',
      ...added,
    ])
    assert.deepEqual(sent(['GET / HTTP/1.0'], stranger, true), [
      'GET / HTTP/1.1',
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: http',
      'Via: 1.0 limpet-1',
    ])
  })
})

test('OPTIONS goes on with one hop less (RFC 9110 §7.6.2), other methods as they came', () => {
  const lines = ['OPTIONS * HTTP/1.1', 'Host: a', 'Max-Forwards: 5', 'A: b']
  assert.deepEqual(
    new Set(sent(lines)),
    new Set(['OPTIONS * HTTP/1.1', 'Host: a', 'A: b', 'Max-Forwards: 4', ...added]),
  )
  assert.deepEqual(sent([...get, 'Max-Forwards: 5']), [...get, 'Max-Forwards: 5', ...added])
})

test('an upgrade is asked for anew, last of all', () => {
  const lines = [...get, 'Connection: keep-alive, Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  assert.deepEqual(sent(lines), [
    ...get,
    'Sec-WebSocket-Version: 13',
    ...added,
    'Connection: Upgrade',
    'Upgrade: websocket',
  ])
})

describe('loops (RFC 9110 §7.6.3)', () => {
  for (const [lines, loop] of [
    [[], false],
    [['Via: 1.1 other'], false],
    [['Via: 1.1 limpet-1'], true],
    [['via: 1.0 other, 1.1 limpet-1'], true],
    [['Via: 1.1 other', 'Via: 1.1 limpet-1 (a comment)'], true],
    [['Via: 1.1\t limpet-1'], true],
    [['Via: HTTP/1.1 limpet-1'], true],
    [['Via: 1.1 limpet-12'], false],
    [['Via: 1.1 a-limpet-1'], false],
    [['Via: limpet-1'], false],
    [['X-Via: 1.1 limpet-1'], false],
  ] as const)
    test(`${JSON.stringify(lines)} is ${loop ? 'one' : 'none'}`, () =>
      assert.equal(isLoop(requestOf(headOf(...get, ...lines)), 'limpet-1'), loop))

  test('what this router sends is seen as a loop when it comes back', () => {
    assert.equal(isLoop(requestOf(headOf(...sent(get))), 'limpet-1'), true)
  })
})

test('the lines of this hop follow the host from one request to the next', () => {
  const hopLines = new HopLines(stranger)
  const hostLines = ['a', 'b', 'b', 'a'].map((host) => {
    const text = forwardRequestHead(requestOf(headOf('GET / HTTP/1.1', `Host: ${host}`)), hopLines, UNCHANGED)
    return /X-Forwarded-Host: (.*)\r\n/.exec(text)?.[1]
  })
  assert.deepEqual(hostLines, ['a', 'b', 'b', 'a'])
})

import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, forwards, get, refuses, settleMs } from '../exchange.ts'

const rfc = 'RFC 9112 §3'
/** A GET whose request line is `line`, where TOKEN stands for the case's token. */
const line = (text: string) => (token: string) =>
  `${text.replaceAll('TOKEN', token)}\r\nHost: a\r\nx-session: ${token}\r\n\r\n`

const versions: readonly (readonly [id: string, version: string, source?: string])[] = [
  ['32a', 'HTTP/1.32'],
  ['32b', 'HTTP/9.9'],
  ['32d', 'HTTP/2.0'],
  ['32e', 'HTTP/1', 'Http11Probe COMP-VERSION-MISSING-MINOR'],
  ['32f', 'HTTP/01.1', 'Http11Probe COMP-VERSION-LEADING-ZEROS'],
  ['32g', 'HTTP/ 1.1', 'Http11Probe COMP-VERSION-WHITESPACE'],
  ['32h', 'http/1.1'],
  ['32i', 'HTTP/1,1'],
  ['32j', 'HTTPS/1.1'],
  ['32k', 'HTTP/\r\r1.1', 'http-garden, server bug 15'],
  ['32l', 'HTTP/1.1x'],
  ['32m', 'HTTP/+1.1'],
  ['32n', 'ICY/1.1'],
]

const badLines: readonly (readonly [
  id: string,
  row: number,
  text: string,
  title: string,
  more?: Partial<ConformanceCase>,
])[] = [
  ['37a', 37, 'GET ! HTTP/1.1', 'target !'],
  ['37b', 37, 'GET /TOKEN\x01 HTTP/1.1', 'a control character in the target'],
  ['37c', 37, 'GET\t/TOKEN\tHTTP/1.1', 'tabs between the parts', { stricterThanRfc: true }],
  ['37d', 37, 'GET /TOKEN\0 HTTP/1.1', 'a NUL in the target', { source: 'Http11Probe MAL-NUL-IN-URL' }],
  ['37e', 37, 'GET /TOKEN\x7f HTTP/1.1', 'a DEL in the target'],
  [
    '37f',
    37,
    'GET  /TOKEN HTTP/1.1',
    'two spaces before the target',
    { stricterThanRfc: true, source: 'Http11Probe MULTI-SP-REQUEST-LINE' },
  ],
  ['37g', 37, 'GET /TOKEN  HTTP/1.1', 'two spaces after the target', { stricterThanRfc: true }],
  ['37h', 37, 'GET /TOKEN HTTP/1.1 ', 'a space after the version', { stricterThanRfc: true }],
  ['37i', 37, ' GET /TOKEN HTTP/1.1', 'a space before the method'],
  ['37j', 37, 'GET /TOKEN b HTTP/1.1', 'a space in the target'],
  ['37k', 37, 'GET HTTP/1.1', 'no target', { source: 'Http11Probe RFC9112-3-MISSING-TARGET' }],
  [
    '37l',
    37,
    'GET /TOKEN\xff HTTP/1.1',
    'byte 0xFF in the target',
    { source: 'Http11Probe MAL-NON-ASCII-URL' },
  ],
  ['37m', 37, 'GET * HTTP/1.1', 'target * with GET', { source: 'Http11Probe COMP-ASTERISK-WITH-GET' }],
  [
    '37n',
    37,
    'GET a:80 HTTP/1.1',
    'an authority as target of GET',
    { source: 'HAProxy reg-tests, h1_request_target_validation' },
  ],
  [
    '37o',
    37,
    'GET TOKEN HTTP/1.1',
    'a target without its first slash',
    { source: 'HAProxy reg-tests, h1_request_target_validation' },
  ],
  [
    '37p',
    37,
    'GET /TOKEN\nHTTP/1.1',
    'LF between the target and the version',
    { source: 'http-garden, server bug 9' },
  ],
  ['37q', 37, 'GET /TOKEN\rHTTP/1.1', 'CR between the target and the version'],
  ['37r', 37, '/TOKEN HTTP/1.1', 'no method'],
  ['33a', 33, 'G=E /TOKEN HTTP/1.1', 'method G=E'],
  ['33b', 33, 'GET:x /TOKEN HTTP/1.1', 'method GET:x'],
  ['33c', 33, '\0 /TOKEN HTTP/1.1', 'method NUL', { source: 'http-garden, server bug 40' }],
  ['33d', 33, '{GET} /TOKEN HTTP/1.1', 'method in braces'],
  ['33e', 33, 'G\x80T /TOKEN HTTP/1.1', 'byte 0x80 in the method'],
  ['36a', 36, 'GET /TOKEN#b HTTP/1.1', 'a fragment in the target'],
]

/** Rows 31 to 38: the request line. */
export const requestLineCases: readonly ConformanceCase[] = [
  refuses({
    id: '31a',
    stricterThanRfc: true,
    row: 31,
    rfc,
    title: 'HTTP/0.9: GET /',
    bytes: (token) => `GET /${token}\r\n\r\n`,
    statuses: [400, 505],
    close: true,
  }),
  ...versions.map(([id, version, source]) =>
    refuses({
      id,
      row: 32,
      rfc: 'RFC 9112 §2.3',
      title: `version ${JSON.stringify(version).slice(1, -1)}`,
      ...(source === undefined ? {} : { source }),
      bytes: line(`GET /TOKEN ${version}`),
      statuses: [400, 505],
    }),
  ),
  refuses({
    id: '32c',
    row: 32,
    rfc: 'RFC 9113 §3.4',
    title: 'PRI * HTTP/2.0 that is not the HTTP/2 preface',
    bytes: line('PRI * HTTP/2.0'),
    statuses: [400, 405, 505],
  }),
  ...badLines.map(([id, row, text, title, more = {}]) =>
    refuses({ id, row, rfc, title, ...more, bytes: line(text), statuses: [400] }),
  ),
  forwards({
    id: '33f',
    row: 33,
    rfc: 'RFC 9110 §9.1',
    title: 'an unknown method FOO is forwarded',
    bytes: line('FOO /TOKEN HTTP/1.1'),
    check: ({ request }) => demand(request.method === 'FOO', `forwards ${request.method}`),
  }),
  forwards({
    id: '33g',
    row: 33,
    rfc: 'RFC 9110 §9.1',
    title: 'a method in lower case is forwarded as it is, or refused',
    source: 'Http11Probe COMP-METHOD-CASE',
    bytes: line('get /TOKEN HTTP/1.1'),
    orRefuses: [400, 405, 501],
    check: ({ request }) => demand(request.method === 'get', `forwards ${request.method}`),
  }),
  forwards({
    id: '33h',
    row: 33,
    rfc: 'RFC 9110 §5.6.2',
    title: 'a method of every token character is forwarded, or refused',
    bytes: line("M!#$%&'*+-.^_`|~9 /TOKEN HTTP/1.1"),
    orRefuses: [400, 405, 501],
    check: ({ request }) => demand(request.method === "M!#$%&'*+-.^_`|~9", `forwards ${request.method}`),
  }),
  {
    id: '34a',
    stricterThanRfc: true,
    row: 34,
    rfc: 'RFC 9110 §9.3.6',
    title: 'CONNECT opens no tunnel: 405',
    run: async (context) => {
      const [port] = context.replica.ports
      const bytes = `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-session: ${context.token}\r\n\r\n`
      const { client, response } = await exchange(context, bytes)
      demand(response.status === 405, `answers ${response.status}`)
      client.send(get(context.token, [], '/inside'))
      await pause(settleMs)
      const inside = context.replica.seen(context.token).some(({ request }) => request.method === 'CONNECT')
      demand(!inside, 'forwards the CONNECT')
      return passed
    },
  },
  refuses({
    id: '35a',
    row: 35,
    rfc: 'RFC 9110 §9.3.8',
    title: 'TRACE',
    stricterThanRfc: true,
    bytes: line('TRACE /TOKEN HTTP/1.1'),
    statuses: [405],
  }),
  {
    id: '38a',
    row: 38,
    rfc: 'RFC 9112 §3.2.4',
    title: 'OPTIONS * is answered or forwarded, and the proxy goes on',
    run: async (context) => {
      const { response } = await exchange(context, line('OPTIONS * HTTP/1.1')(context.token))
      demand(response.status >= 200, `answers ${response.status}`)
      const targets = context.replica.seen(context.token).map(({ request }) => request.target)
      demand(
        targets.every((target) => target === '*'),
        `forwards ${targets.join()}`,
      )
      const next = await exchange(context, get(context.token, [], '/after'))
      demandOk(next.response)
      return passed
    },
  },
  refuses({
    id: '38d',
    row: 38,
    rfc: 'RFC 9112 §3.2.4',
    title: 'OPTIONS */path',
    source: 'HAProxy reg-tests, h1_request_target_validation',
    bytes: line('OPTIONS */TOKEN HTTP/1.1'),
    statuses: [400],
  }),
  {
    id: '38b',
    row: 38,
    rfc: 'RFC 9110 §7.6.2',
    title: 'OPTIONS with Max-Forwards: 0 is answered by the proxy',
    run: async (context) => {
      const bytes = `OPTIONS /${context.token} HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nx-session: ${context.token}\r\n\r\n`
      const { response } = await exchange(context, bytes)
      demand(context.replica.seen(context.token).length === 0, 'forwards it')
      demand(response.status < 500 || response.status === 501, `answers ${response.status}`)
      return passed
    },
  },
  forwards({
    id: '38c',
    row: 38,
    rfc: 'RFC 9110 §7.6.2',
    title: 'OPTIONS with Max-Forwards: 5 is forwarded with 4',
    bytes: (token) =>
      `OPTIONS /${token} HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\nx-session: ${token}\r\n\r\n`,
    check: ({ request }) => {
      const sent = request.fields.find(([name]) => name.toLowerCase() === 'max-forwards')?.[1]
      demand(sent === '4', `forwards Max-Forwards: ${sent ?? 'none'}`)
    },
  }),
  ...(
    [
      ['71a', '/%2e%2e/%2F//x;p=1/../y?q=%00&r=a/b?c', 'encoded dots, double slashes and a query'],
      ['71b', '/?', 'an empty query'],
      ['71c', "/-._~!$&'()*+,;=:@%41", 'every character that may stand in a path'],
      ['71d', '//evil.example/', 'a second slash at the start'],
    ] as const
  ).map(([id, path, title]) =>
    forwards({
      id,
      row: 71,
      rfc: 'RFC 9110 §7.7',
      title: `the target is forwarded byte for byte: ${title}`,
      source: 'Http11Probe, normalization suite',
      bytes: (token) =>
        id === '71d' ? get(token).replace('GET /', 'GET //evil.example/') : get(token, [], path),
      check: ({ request }, _response, { token }) => {
        const expected = id === '71d' ? `//evil.example/${token}` : `/${token}${path}`
        demand(request.target === expected, `forwards ${request.target.replace(token, 'TOKEN')}`)
      },
    }),
  ),
  forwards({
    id: '72a',
    row: 72,
    rfc: 'RFC 9112 §2.2',
    title: 'an empty line before the request line is ignored, or 400',
    source: 'Http11Probe COMP-LEADING-CRLF',
    bytes: (token) => `\r\n${get(token)}`,
    orRefuses: [400],
    check: () => {},
  }),
  {
    id: '72b',
    row: 72,
    rfc: 'RFC 9112 §2.2',
    title: 'bytes that are no HTTP get 400, or the connection is closed',
    source: 'Http11Probe MAL-BINARY-GARBAGE',
    run: async (context) => {
      const client = await context.connect()
      client.send(`\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${context.token}\r\n\r\n`)
      demand((await client.closed()) !== 'open', 'keeps the connection open')
      demand(client.unread() === '' || /^HTTP\/1\.[01] 400 /.test(client.unread()), 'answers something else')
      demand(!context.replica.mentions(context.token), 'the replica sees some of it')
      return passed
    },
  },
  {
    id: '72c',
    row: 72,
    rfc,
    title: 'a request cut at every byte is the same request',
    source: 'h1spec, fragmented requests',
    run: async (context) => {
      const client = await context.connect()
      for (const byte of get(context.token, ['X-A: 1'])) {
        client.send(byte)
        await new Promise(setImmediate)
      }
      demandOk(await client.response())
      return passed
    },
  },
]

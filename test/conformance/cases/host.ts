import { type ConformanceCase, demand } from '../case.ts'
import { forwards, refuses } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'

const rfc = 'RFC 9112 §3.2'
const withHost = (lines: readonly string[]) => (token: string) =>
  `GET /${token} HTTP/1.1\r\n${[...lines, `x-session: ${token}`].join('\r\n')}\r\n\r\n`

const malformed: readonly (readonly [id: string, host: string, source?: string])[] = [
  ['28a', 'a, b'],
  ['28b', 'a@e'],
  ['28c', 'a/e'],
  ['28d', 'a b'],
  ['28e', 'a:99999'],
  ['28f', '[::1'],
  ['28g', 'a:80:80', 'nginx-tests, http_host.t'],
  ['28h', 'a:8x'],
  ['28i', 'a#b', 'HAProxy reg-tests, h1_authority_fragment_char'],
  ['28j', 'a?b'],
  ['28k', 'a\\b'],
  ['28l', 'a:-1'],
  ['28m', '[::1]x', 'nginx-tests, http_host.t'],
  ['28n', 'a%zz'],
  ['28o', '<a>'],
  ['28p', 'http://a'],
  ['28q', '\xffa\xff', 'http-garden, server bug 46'],
  ['28r', ':80'],
]

/** Rows 26 to 30: which host a request is for. */
export const hostCases: readonly ConformanceCase[] = [
  refuses({ id: '26a', row: 26, rfc, title: 'HTTP/1.1 without Host', bytes: withHost([]), statuses: [400] }),
  refuses({
    id: '26b',
    row: 26,
    rfc,
    title: 'an absolute target without Host',
    bytes: (token) => withHost([])(token).replace('GET /', 'GET http://a/'),
    statuses: [400],
  }),
  refuses({
    id: '27a',
    row: 27,
    rfc,
    title: 'two Host lines that differ',
    bytes: withHost(['Host: a', 'Host: b']),
    statuses: [400],
  }),
  refuses({
    id: '27b',
    row: 27,
    rfc,
    title: 'two Host lines that agree',
    source: 'Http11Probe COMP-DUPLICATE-HOST-SAME',
    bytes: withHost(['Host: a', 'Host: a']),
    statuses: [400],
  }),
  refuses({
    id: '27c',
    row: 27,
    rfc,
    title: 'an absolute target and two Host lines',
    bytes: (token) => withHost(['Host: a', 'Host: b'])(token).replace('GET /', 'GET http://a/'),
    statuses: [400],
  }),
  ...malformed.map(([id, host, source]) =>
    refuses({
      id,
      row: 28,
      rfc,
      title: `Host: ${host.replaceAll('\xff', '0xFF')}`,
      ...(source === undefined ? {} : { source }),
      bytes: withHost([`Host: ${host}`]),
      statuses: [400],
    }),
  ),
  ...['a:8080', '[::1]:8080', '[2001:db8::1]', '127.0.0.1', 'xn--bcher-kva.example'].map((host, index) =>
    forwards({
      id: `28${'stuvw'[index]}`,
      row: 28,
      rfc,
      title: `Host: ${host} is forwarded as it is`,
      bytes: withHost([`Host: ${host}`]),
      check: ({ request }) => {
        const sent = valuesOf(request.fields, 'host').join()
        demand(sent === host, `forwards Host: ${sent}`)
      },
    }),
  ),
  forwards({
    id: '29a',
    row: 29,
    rfc: 'RFC 9112 §3.2.2',
    title: 'an absolute target for x with Host: y is sent with Host: x',
    bytes: (token) => withHost(['Host: y'])(token).replace('GET /', 'GET http://x/'),
    check: ({ request }) => {
      const sent = valuesOf(request.fields, 'host').join()
      demand(sent === 'x', `forwards Host: ${sent}`)
    },
  }),
  forwards({
    id: '29b',
    row: 29,
    rfc: 'RFC 9112 §3.2.2',
    title: 'an absolute target keeps its path and query',
    bytes: (token) => withHost(['Host: x'])(token).replace(`/${token} `, `http://x/${token}/p?q=1 `),
    check: ({ request }, _response, { token }) => {
      const target = request.target.replace(/^http:\/\/x/, '')
      demand(target === `/${token}/p?q=1`, `forwards ${request.target.replace(token, 'TOKEN')}`)
    },
  }),
  forwards({
    id: '29c',
    row: 29,
    rfc: 'RFC 9112 §3.2.1',
    title: 'an absolute target with an empty path becomes /',
    bytes: (token) => `GET http://x?q=${token} HTTP/1.1\r\nHost: x\r\n\r\n`,
    orRefuses: [400],
    check: ({ request }, _response, { token }) => {
      const target = request.target.replace(/^http:\/\/x/, '')
      demand(target === `/?q=${token}`, `forwards ${request.target.replace(token, 'TOKEN')}`)
    },
  }),
  ...(
    [
      ['29d', 'http://u:p@x/', 'credentials in an absolute target', 'RFC 9110 §4.2.4'],
      ['29e', 'http://x:99999/', 'an impossible port in an absolute target', rfc],
      ['29f', 'http:///', 'an absolute target without a host', 'RFC 9110 §4.2.1'],
      ['29g', 'ftp://x/', 'an absolute target of another scheme', 'RFC 9110 §7.4'],
    ] as const
  ).map(([id, start, title, each]) =>
    refuses({
      id,
      row: 29,
      rfc: each,
      title,
      bytes: (token) => withHost(['Host: x'])(token).replace('GET /', `GET ${start}`),
      statuses: [400, 421],
    }),
  ),
  refuses({
    id: '30a',
    row: 30,
    rfc: 'RFC 9110 §4.2.1',
    title: 'an empty Host',
    stricterThanRfc: true,
    bytes: withHost(['Host:']),
    statuses: [400],
  }),
]

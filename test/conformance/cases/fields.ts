import { type ConformanceCase, demand } from '../case.ts'
import { forwards, get, refuses } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'

const rfc = 'RFC 9110 §5.5, RFC 9112 §5'

const malformed: readonly (readonly [
  id: string,
  line: string,
  title: string,
  more?: Partial<ConformanceCase>,
])[] = [
  ['39a', 'X-A: a\0b', 'a NUL in a value'],
  ['39b', 'X-A: a\rb', 'a bare CR in a value'],
  ['39c', 'X-A: a\nX-B: b', 'a bare LF between fields', { stricterThanRfc: true }],
  ['39d', 'X-A: a\x07b', 'a BEL in a value'],
  ['39e', ': a', 'an empty name'],
  ['39f', 'X-A', 'no colon'],
  ['39g', 'X[]: a', 'a name with brackets'],
  ['39h', 'X\xefA: a', 'byte 0xEF in a name'],
  ['39i', 'X-A: a\x7fb', 'a DEL in a value'],
  ['39j', 'X A: a', 'a space in a name'],
  ['39k', 'X"A: a', 'a quote in a name'],
  ['39l', 'X(A): a', 'parentheses in a name'],
  ['39m', 'X-A: a\0', 'a NUL at the end of a value', { source: 'http-garden, server bug 43' }],
  ['39n', '\rX-A: a', 'a CR before a name', { source: 'http-garden, server bug 30' }],
  ['39o', 'X-A: a\r', 'two CRs at the end of a line'],
  ['39p', 'X-A\x01: a', 'a control character in a name'],
  ['39q', 'X-A: a\x0bb', 'a vertical tab in a value'],
]

/** Rows 17, 39, 40 and 73 to 75: field lines. */
export const fieldCases: readonly ConformanceCase[] = [
  refuses({
    id: '17a',
    row: 17,
    rfc: 'RFC 6585 §5',
    title: '2,500 field lines',
    stricterThanRfc: true,
    bytes: (token) =>
      get(
        token,
        Array.from({ length: 2500 }, (_, index) => `a${index}: 1`),
      ),
    statuses: [431],
  }),
  ...malformed.map(([id, line, title, more = {}]) =>
    refuses({
      id,
      row: 39,
      rfc,
      title,
      stricterThanRfc: true,
      ...more,
      bytes: (token) => get(token, [line]),
      statuses: [400],
    }),
  ),
  refuses({
    id: '39r',
    row: 39,
    rfc: 'RFC 9112 §2.2',
    title: 'LF alone at the end of every line',
    stricterThanRfc: true,
    bytes: (token) => get(token).replaceAll('\r\n', '\n'),
    statuses: [400],
  }),
  refuses({
    id: '39s',
    row: 39,
    rfc: 'RFC 9112 §2.2',
    title: 'CR alone at the end of every line',
    source: 'Http11Probe RFC9112-3-CR-ONLY-LINE-ENDING',
    bytes: (token) => `${get(token).replaceAll('\r\n', '\r')}\r\n\r\n`,
    statuses: [400],
  }),
  refuses({
    id: '39t',
    row: 39,
    rfc: 'RFC 9112 §2.2',
    title: 'the head ends with LF LF',
    stricterThanRfc: true,
    bytes: (token) => get(token).replace(/\r\n\r\n$/, '\n\n'),
    statuses: [400],
  }),
  refuses({
    id: '40a',
    row: 40,
    rfc: 'RFC 9110 §15.5.15',
    title: 'a target of 20 KB',
    bytes: (token) => get(token, [], `/${'a'.repeat(20_000)}`),
    statuses: [414],
  }),
  refuses({
    id: '40b',
    row: 40,
    rfc: 'RFC 6585 §5',
    title: 'a field of 20 KB',
    stricterThanRfc: true,
    bytes: (token) => get(token, [`X-A: ${'a'.repeat(20_000)}`]),
    statuses: [431],
  }),
  refuses({
    id: '40c',
    row: 40,
    rfc: 'RFC 6585 §5',
    title: 'a field name of 20 KB',
    source: 'Http11Probe MAL-LONG-HEADER-NAME',
    bytes: (token) => get(token, [`${'a'.repeat(20_000)}: 1`]),
    statuses: [400, 431],
  }),
  refuses({
    id: '40d',
    row: 40,
    rfc: 'RFC 9112 §3',
    title: 'a method of 20 KB',
    source: 'Http11Probe MAL-LONG-METHOD',
    bytes: (token) => get(token).replace('GET', 'G'.repeat(20_000)),
    statuses: [400, 405, 414, 431, 501],
  }),
  refuses({
    id: '40e',
    row: 40,
    rfc: 'RFC 6585 §5',
    title: 'ten fields of 10 KB',
    source: 'Http11Probe, malformed input suite',
    bytes: (token) =>
      get(
        token,
        Array.from({ length: 10 }, (_, index) => `X-${index}: ${'a'.repeat(10_000)}`),
      ),
    statuses: [400, 431],
  }),
  forwards({
    id: '40f',
    row: 40,
    rfc: 'RFC 9110 §5.4',
    title: 'a field of 4 KB and a target of 2 KB are forwarded',
    bytes: (token) => get(token, [`X-A: ${'a'.repeat(4096)}`], `/${'b'.repeat(2048)}`),
    check: ({ request }) => demand(valuesOf(request.fields, 'x-a')[0]?.length === 4096, 'cuts the field'),
  }),
  ...(
    [
      ['73a', ['X-A: 1\r\n 2'], 'a folded field'],
      ['73b', ['X-A: 1\r\n\t2'], 'a field folded with a tab'],
    ] as const
  ).map(([id, lines, title]) =>
    forwards({
      id,
      row: 73,
      rfc: 'RFC 9112 §5.2',
      title: `${title} is refused, or joined with a space`,
      source: 'Http11Probe RFC9112-5.1-OBS-FOLD',
      bytes: (token) => get(token, lines),
      orRefuses: [400],
      check: ({ request }) => {
        demand(!/\n[ \t]/.test(request.head), 'forwards the fold')
        demand(/^1[ \t]+2$/.test(valuesOf(request.fields, 'x-a').join()), 'forwards another value')
      },
    }),
  ),
  ...(
    [
      ['73c', ' Content-Length: 1', 'white space before the first field'],
      ['73d', '\tTransfer-Encoding: chunked', 'a tab before the first field'],
    ] as const
  ).map(([id, line, title]) =>
    forwards({
      id,
      row: 73,
      rfc: 'RFC 9112 §2.2',
      title: `${title} is refused, or the line is dropped`,
      source: 'http-garden, server bug 4; http-request-smuggler, badwrap',
      bytes: (token) => get(token).replace('HTTP/1.1\r\n', `HTTP/1.1\r\n${line}\r\n`),
      orRefuses: [400],
      check: ({ request }) => {
        const framing = request.fields.filter(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
        demand(framing.length === 0, 'forwards it as a field')
      },
    }),
  ),
  forwards({
    id: '74a',
    row: 74,
    rfc: 'RFC 9110 §5.3',
    title: 'fields of one name keep their order',
    bytes: (token) => get(token, ['X-A: 1', 'X-B: 2', 'X-A: 3', 'x-a: 4']),
    check: ({ request }) => {
      const sent = valuesOf(request.fields, 'x-a').join().replaceAll(' ', '')
      demand(sent === '1,3,4', `forwards ${sent}`)
    },
  }),
  forwards({
    id: '74b',
    row: 74,
    rfc: 'RFC 9110 §5.5',
    title: 'bytes from 0x80 on in a value are forwarded as they are, or refused',
    bytes: (token) => get(token, ['X-A: caf\xc3\xa9 \x80\xff']),
    orRefuses: [400],
    check: ({ request }) =>
      demand(valuesOf(request.fields, 'x-a')[0] === 'caf\xc3\xa9 \x80\xff', 'forwards other bytes'),
  }),
  forwards({
    id: '74c',
    row: 74,
    rfc: 'RFC 9110 §5.5',
    title: 'an empty value is forwarded',
    bytes: (token) => get(token, ['X-A:', 'X-B: 1']),
    check: ({ request }) => demand(valuesOf(request.fields, 'x-a')[0] === '', 'drops the field'),
  }),
  forwards({
    id: '74d',
    row: 74,
    rfc: 'RFC 9110 §11.6.2, §13.1',
    title: 'Authorization, Cookie, Range and conditional fields are forwarded',
    source: 'cache-tests, conditional and range groups',
    bytes: (token) =>
      get(token, [
        'Authorization: Basic YQ==',
        'Cookie: z=1',
        'Range: bytes=0-1',
        'If-None-Match: "e"',
        'Origin: http://o',
      ]),
    check: ({ request }) => {
      for (const name of ['authorization', 'cookie', 'range', 'if-none-match', 'origin']) {
        demand(valuesOf(request.fields, name).length === 1, `drops ${name}`)
      }
    },
  }),
  forwards({
    id: '74e',
    row: 74,
    rfc: 'RFC 9112 §5',
    title: 'no white space after a colon, and tabs around a value',
    bytes: (token) => get(token, ['X-A:1', 'X-B:\t2\t']),
    check: ({ request }) => {
      const sent = [...valuesOf(request.fields, 'x-a'), ...valuesOf(request.fields, 'x-b')].join()
      demand(sent === '1,2', `forwards ${sent}`)
    },
  }),
]

import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, forwards, onlyRequest, postChunked, refuses, settleMs } from '../exchange.ts'

const rfc = 'RFC 9112 §7.1'
const end = '0\r\n\r\n'

const badSizes: readonly (readonly [id: string, chunks: string, title: string, source?: string])[] = [
  ['18a', '0x1\r\nx\r\n', '0x1'],
  ['18b', '+1\r\nx\r\n', '+1'],
  ['18c', ' 1\r\nx\r\n', 'a space before it'],
  ['18d', '1 \r\nx\r\n', 'a space after it'],
  ['18e', '\r\nx\r\n', 'empty'],
  ['18f', '10000000000000001\r\nx\r\n', '17 hexadecimal digits'],
  ['18g', '-1\r\nx\r\n', '-1', 'Http11Probe SMUG-CHUNK-NEGATIVE'],
  ['18h', '1_0\r\n0123456789abcdef\r\n', '1_0', 'http-garden, server bug 1'],
  ['18i', 'z\r\nx\r\n', 'no digit', 'http-garden, transducer bug 2'],
  ['18j', '\t1\r\nx\r\n', 'a tab before it'],
  ['18k', '0x\r\nx\r\n', '0x alone', 'http-garden, server bug 1'],
  ['18l', '1.0\r\nx\r\n', '1.0'],
  ['18m', '1\x0b\r\nx\r\n', 'a vertical tab after it'],
  ['18n', 'fffffffffffffffff\r\nx\r\n', '17 digits, all f', 'Http11Probe MAL-CHUNK-SIZE-OVERFLOW'],
  ['18o', '1\0\r\nx\r\n', 'a NUL after it'],
  ['18p', '1\r\nx\r\n\r\n0\r\n\r\n', 'an empty line before the last chunk', 'http-garden, server bug 17'],
]

const badLines: readonly (readonly [id: string, chunks: string, title: string, source?: string])[] = [
  ['19a', '1\nx\r\n', 'LF alone after a chunk size'],
  ['19b', '1\r\nx\n', 'LF alone after chunk data'],
  ['19c', '1;a\nb\r\nx\r\n', 'LF alone in a chunk extension'],
  ['19d', '5\r\r;ABCD\r\n34\r\nE\r\n', 'two CRs and a semicolon after a chunk size'],
  ['19e', '1\rx\r\n', 'CR alone after a chunk size', 'Http11Probe SMUG-CHUNK-BARE-CR-TERM'],
  ['19f', '1;a\rb\r\nx\r\n', 'CR alone in a chunk extension', 'Http11Probe SMUG-CHUNK-EXT-CR'],
  ['19g', '1\r\nxyz\r\n', 'more data than the chunk size says', 'Http11Probe SMUG-CHUNK-SPILL'],
  ['19h', '1\r\nx', 'no line end after chunk data', 'Http11Probe SMUG-CHUNK-MISSING-TRAILING-CRLF'],
  ['19i', '1\r\nx\rX', 'CR and a letter after chunk data', 'http-garden, server bug 31'],
  ['19j', '1;a\0b\r\nx\r\n', 'a NUL in a chunk extension', 'Http11Probe SMUG-CHUNK-EXT-CTRL'],
  [
    '19k',
    '2\r\r;a\r\n02\r\n41\r\n',
    'a CR in the white space before an extension',
    'http-garden, transducer bug 3',
  ],
  ['19l', '1\r\nx\r\n0\n\n', 'LF alone after the last chunk', 'http-request-smuggler, ChunkSizeScan (TERM)'],
  ['19m', '1\r\nx\r\n0\r\n\rX', 'CR and a letter for the final line', 'http-garden, server bug 39'],
  [
    '19n',
    '1;\nGET /hidden HTTP/1.1\r\nx\r\n',
    'a request line after LF in an extension',
    'http-request-smuggler, ChunkExtensionScan',
  ],
]

/** Rows 18 to 21: the chunked coding. */
export const chunkedBodyCases: readonly ConformanceCase[] = [
  ...badSizes.map(([id, chunks, title, source]) =>
    refuses({
      id,
      row: 18,
      rfc,
      title: `chunk size: ${title}`,
      ...(source === undefined ? {} : { source }),
      bytes: (token) => postChunked(token, `3\r\nabc\r\n${chunks}${end}`),
      statuses: [400],
      close: true,
    }),
  ),
  forwards({
    id: '18q',
    row: 18,
    rfc,
    title: 'a chunk size with leading zeros is read right or refused',
    bytes: (token) => postChunked(token, `000000000000000001\r\nx\r\n${end}`),
    orRefuses: [400],
    check: ({ request }) => demand(request.body === 'x', 'the body is not forwarded whole'),
  }),
  forwards({
    id: '18r',
    row: 18,
    rfc,
    title: 'chunk sizes in either case: a and A',
    source: 'Http11Probe COMP-CHUNKED-HEX-UPPERCASE',
    bytes: (token) => postChunked(token, `a\r\n0123456789\r\nA\r\n0123456789\r\n${end}`),
    check: ({ request }) =>
      demand(request.body === '01234567890123456789', 'the body is not forwarded whole'),
  }),
  forwards({
    id: '18s',
    row: 18,
    rfc,
    title: 'an empty chunked body',
    source: 'Http11Probe COMP-CHUNKED-EMPTY',
    bytes: (token) => postChunked(token, end),
    check: ({ request }) => demand(request.body === '', 'the replica sees a body'),
  }),
  ...badLines.map(([id, chunks, title, source]) =>
    refuses({
      id,
      row: 19,
      rfc: 'RFC 9112 §7.1, §2.2',
      title: `chunked body: ${title}`,
      ...(source === undefined ? {} : { source }),
      bytes: (token) => postChunked(token, `3\r\nabc\r\n${chunks}${end}`),
      statuses: [400],
      close: true,
    }),
  ),
  forwards({
    id: '20a',
    row: 20,
    rfc: 'RFC 9112 §7.1.1',
    title: 'a chunk extension is accepted and goes no further',
    bytes: (token) => postChunked(token, `1;a=b\r\nx\r\n${end}`),
    check: ({ request, connection }) => {
      demand(request.body === 'x', 'the body is not forwarded whole')
      demand(!connection.bytes.includes(';a=b'), 'forwards the extension')
    },
  }),
  forwards({
    id: '20b',
    row: 20,
    rfc: 'RFC 9112 §7.1.1',
    title: 'a quoted chunk extension is accepted and goes no further, or 400',
    bytes: (token) => postChunked(token, `1;a="b;c"\r\nx\r\n0;last\r\n\r\n`),
    orRefuses: [400],
    check: ({ request, connection }) => {
      demand(request.body === 'x', 'the body is not forwarded whole')
      demand(!/;c"|;last/.test(connection.bytes), 'forwards the extension')
    },
  }),
  refuses({
    id: '21a',
    row: 21,
    rfc: 'RFC 9112 §7.1.1',
    title: 'a chunk extension of 20 KB',
    stricterThanRfc: true,
    bytes: (token) => postChunked(token, `1;${'a'.repeat(20_000)}\r\nx\r\n${end}`),
    statuses: [400, 413],
  }),
  refuses({
    id: '21b',
    row: 21,
    rfc: 'RFC 9112 §7.1.1',
    title: 'small extensions on each of 5,000 one-byte chunks (100 KB in all)',
    source: 'CVE-2023-39326 (Go), CVE-2024-22019 (Node)',
    stricterThanRfc: true,
    bytes: (token) => postChunked(token, `1;${'e'.repeat(18)}\r\nx\r\n`.repeat(5000) + end),
    statuses: [400, 413],
  }),
  {
    id: '21c',
    row: 21,
    rfc,
    title: 'a chunked body cut at every byte is the same body',
    source: 'h1spec, fragmented requests',
    run: async (context) => {
      const client = await context.connect()
      for (const byte of postChunked(context.token, `2\r\nab\r\nA;e\r\n0123456789\r\n${end}`)) {
        client.send(byte)
        await new Promise(setImmediate)
      }
      demandOk(await client.response())
      demand(onlyRequest(context).request.body === 'ab0123456789', 'the body is not forwarded whole')
      return passed
    },
  },
  ...(
    [
      ['21d', 'chunked', (token: string) => postChunked(token, '5\r\nab')],
      [
        '21e',
        'of known length',
        (token: string) =>
          postChunked(token, 'ab').replace('Transfer-Encoding: chunked', 'Content-Length: 5'),
      ],
    ] as const
  ).map(
    ([id, kind, bytes]): ConformanceCase => ({
      id,
      row: 21,
      rfc: 'RFC 9112 §8',
      title: `a body ${kind} whose client leaves is cut for the replica too`,
      source: 'Http11Probe COMP-CHUNKED-NO-FINAL, COMP-POST-CL-UNDERSEND',
      run: async (context) => {
        const client = await context.connect()
        client.send(bytes(context.token))
        await pause(100)
        client.destroy()
        const { replica, token } = context
        const aborted = () => replica.seen(token).every((each) => each.connection.closedAtMs !== undefined)
        demand(await replica.until(aborted, 1000), 'leaves the replica waiting for the rest')
        await pause(settleMs)
        demand(!replica.seen(token).some((each) => each.request.complete), 'ends the body for the replica')
        return passed
      },
    }),
  ),
  forwards({
    id: '21f',
    row: 21,
    rfc,
    title: 'a chunk of 256 KB arrives whole',
    bytes: (token) => postChunked(token, `40000\r\n${'0123456789abcdef'.repeat(0x4000)}\r\n${end}`),
    check: ({ request }) =>
      demand(request.body === '0123456789abcdef'.repeat(0x4000), `${request.body.length} bytes arrive`),
  }),
  {
    id: '21g',
    row: 21,
    rfc: 'RFC 9112 §7.1',
    title: 'the next request after a chunked body is framed right',
    run: async (context) => {
      const { client, response } = await exchange(
        context,
        `${postChunked(context.token, `1\r\nx\r\n${end}`)}GET /${context.token}/2 HTTP/1.1\r\nHost: a\r\nx-session: ${context.token}\r\n\r\n`,
      )
      demandOk(response)
      demandOk(await client.response())
      const targets = context.replica.seen(context.token).map((each) => each.request.target)
      demand(targets.join() === `/${context.token},/${context.token}/2`, `the replica sees ${targets.join()}`)
      return passed
    },
  },
]

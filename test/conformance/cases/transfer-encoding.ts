import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import {
  demandOk,
  exchange,
  forwards,
  onlyRequest,
  post,
  postChunked,
  refuses,
  request,
  settleMs,
} from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'

const hidden = (token: string) => `GET /${token}/hidden HTTP/1.1\r\nHost: a\r\n\r\n`
const rfc = 'RFC 9112 §6.1'
const oneChunk = '1\r\nx\r\n0\r\n\r\n'
const smuggle = (token: string) => `0\r\n\r\n${hidden(token)}`

/** A POST with `fields`, whose body is an empty chunked one and a hidden request. */
const ambiguous = (fields: (length: number) => readonly string[]) => (token: string) =>
  post(token, fields(smuggle(token).length), smuggle(token))

const malformedNames: readonly (readonly [id: string, line: string, title: string, source?: string])[] = [
  ['6a', 'Content-Length : 1', 'a space before the colon of Content-Length'],
  ['6b', 'Transfer-Encoding : chunked', 'a space before the colon of Transfer-Encoding'],
  ['6c', 'Transfer-Encoding\t: chunked', 'a tab before the colon', 'Http11Probe NORM-TAB-IN-NAME'],
  ['6d', 'X-Any : 1', 'a space before the colon of any field'],
  [
    '6e',
    'Transfer-Encoding x: chunked',
    'a space and junk before the colon',
    'http-request-smuggler, spjunk',
  ],
  ['6f', 'Transfer Encoding: chunked', 'a space in place of the dash', 'http-request-smuggler, spacejoin1'],
  [
    '6g',
    'Transfer\\Encoding: chunked',
    'a backslash in place of the dash',
    'http-request-smuggler, backslash',
  ],
  ['6h', 'Transfer-Encoding\x85: chunked', 'byte 0x85 in the name', 'http-garden, transducer bug 6'],
  ['6i', 'Transf\x82r-Encoding: chunked', 'byte 0x82 in the name', 'http-request-smuggler, accentTE'],
  ['6j', 'Transfer-Encoding\0: chunked', 'a NUL in the name'],
  ['6k', 'X: y\rTransfer-Encoding: chunked', 'a field after a bare CR', 'http-request-smuggler, badsetupCR'],
  ['6l', 'X: y\nTransfer-Encoding: chunked', 'a field after a bare LF', 'http-request-smuggler, badsetupLF'],
  ['6m', 'Tra\rnsfer-Encoding: chunked', 'a bare CR in the name', 'http-request-smuggler, 0dspam'],
  ['6n', 'Transfer-\r\nEncoding: chunked', 'a name over two lines', 'http-garden, server bug 37'],
]

const codings: readonly (readonly [
  id: string,
  row: number,
  lines: readonly string[],
  title: string,
  more?: Partial<ConformanceCase>,
])[] = [
  ['7a', 7, ['Transfer-Encoding: ,chunked'], 'a comma before chunked', { stricterThanRfc: true }],
  ['8a', 8, ['Transfer-Encoding: chunked, chunked'], 'chunked twice in one line'],
  ['8b', 8, ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'chunked on two lines'],
  ['8c', 8, ['Transfer-Encoding: chunked, gzip'], 'chunked that is not last'],
  [
    '8d',
    8,
    ['Transfer-Encoding: identity', 'Content-Length: 11'],
    'identity and a Content-Length',
    { stricterThanRfc: true },
  ],
  [
    '8e',
    8,
    ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
    'identity and chunked on two lines',
    { source: 'http-request-smuggler, revdualchunk', stricterThanRfc: true },
  ],
  [
    '8f',
    8,
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    'chunked and identity on two lines',
    { source: 'http-request-smuggler, dualchunk' },
  ],
  [
    '8g',
    8,
    ['Transfer-Encoding:'],
    'an empty Transfer-Encoding',
    { source: 'Http11Probe SMUG-TE-EMPTY-VALUE' },
  ],
]

const lookalikes: readonly (readonly [id: string, value: string, title: string, source?: string])[] = [
  ['10a', 'xchunked', 'xchunked'],
  ['10b', '"chunked"', 'chunked in quotes'],
  ['10c', '\xa0chunked', 'byte 0xA0 before chunked'],
  ['10d', 'chunk', 'chunk', 'http-request-smuggler, lazygrep'],
  ['10e', "'chunked'", 'chunked in apostrophes', 'http-request-smuggler, aposed'],
  ['10f', 'ch\x96nked', 'byte 0x96 inside chunked', 'http-request-smuggler, accentCH'],
  ['10g', 'chunked\xa0', 'byte 0xA0 after chunked', 'http-garden, server bug 12'],
  ['10h', 'chunked;q=1', 'chunked with a parameter'],
  ['10i', 'chunked chunked', 'chunked twice with a space between'],
  ['10j', '\xffchunked\xff', 'bytes 0xFF around chunked', 'http-garden, server bug 46'],
]

const controls: readonly (readonly [id: string, value: string, title: string, source?: string])[] = [
  ['11a', '\x0bchunked', 'a vertical tab before chunked'],
  ['11b', '\x0cchunked', 'a form feed before chunked', 'Http11Probe SMUG-TE-FORMFEED'],
  ['11c', 'chunked\0', 'a NUL after chunked', 'Http11Probe SMUG-TE-NULL'],
  ['11d', 'chunked\x7f', 'a DEL after chunked', 'http-request-smuggler, suffix1'],
  ['11e', 'chunked\rX', 'a bare CR after chunked', 'http-request-smuggler, 0dsuffix'],
  ['11f', '\n\x0bchunked', 'LF and a vertical tab before chunked', 'http-request-smuggler, vertwrap'],
]

/** Rows 1 and 6 to 15: which coding frames the body, and who could think otherwise. */
export const transferEncodingCases: readonly ConformanceCase[] = [
  refuses({
    id: '1a',
    row: 1,
    rfc: 'RFC 9112 §6.3',
    title: 'Content-Length and Transfer-Encoding, with a hidden request',
    stricterThanRfc: true,
    bytes: ambiguous((length) => [`Content-Length: ${length}`, 'Transfer-Encoding: chunked']),
    statuses: [400],
    close: true,
    replicaSeesNothing: true,
  }),
  refuses({
    id: '1b',
    row: 1,
    rfc: 'RFC 9112 §6.3',
    title: 'Transfer-Encoding and Content-Length, in this order',
    stricterThanRfc: true,
    bytes: ambiguous((length) => ['Transfer-Encoding: chunked', `Content-Length: ${length}`]),
    statuses: [400],
    close: true,
    replicaSeesNothing: true,
  }),
  refuses({
    id: '1c',
    row: 1,
    rfc: 'RFC 9112 §6.3',
    title: 'Content-Length shorter than the chunked body (TE.CL)',
    source: 'http-request-smuggler, TE.CL',
    stricterThanRfc: true,
    bytes: (token) => {
      const body = hidden(token)
      const chunk = `${body.length.toString(16)}\r\n`
      const fields = [`Content-Length: ${chunk.length}`, 'Transfer-Encoding: chunked']
      return post(token, fields, `${chunk}${body}\r\n0\r\n\r\n`)
    },
    statuses: [400],
    close: true,
    replicaSeesNothing: true,
  }),
  ...malformedNames.map(([id, line, title, source]) =>
    refuses({
      id,
      row: 6,
      rfc: 'RFC 9112 §5.1',
      title,
      ...(source === undefined ? {} : { source }),
      ...(id > '6d' ? { stricterThanRfc: true } : {}),
      bytes: (token) => post(token, [line, ...(id > '6d' ? ['Content-Length: 11'] : [])], oneChunk),
      statuses: [400],
    }),
  ),
  ...codings.map(([id, row, lines, title, more = {}]) =>
    refuses({
      id,
      row,
      rfc,
      title: `Transfer-Encoding: ${title}`,
      ...more,
      bytes: (token) => post(token, lines, oneChunk),
      statuses: [400],
    }),
  ),
  refuses({
    id: '9a',
    row: 9,
    rfc,
    title: 'Transfer-Encoding: gzip, chunked',
    bytes: (token) => post(token, ['Transfer-Encoding: gzip, chunked'], oneChunk),
    statuses: [501],
  }),
  ...lookalikes.map(([id, value, title, source]) =>
    refuses({
      id,
      row: 10,
      rfc,
      title: `Transfer-Encoding: ${title}`,
      ...(source === undefined ? {} : { source }),
      stricterThanRfc: true,
      bytes: (token) => post(token, [`Transfer-Encoding: ${value}`], oneChunk),
      statuses: [400],
      replicaSeesNothing: true,
    }),
  ),
  ...controls.map(([id, value, title, source]) =>
    refuses({
      id,
      row: 11,
      rfc: 'RFC 9110 §5.5',
      title: `Transfer-Encoding: ${title}`,
      ...(source === undefined ? {} : { source }),
      bytes: (token) => post(token, [`Transfer-Encoding: ${value}`], oneChunk),
      statuses: [400],
    }),
  ),
  refuses({
    id: '12a',
    row: 12,
    rfc,
    title: 'Transfer-Encoding in HTTP/1.0',
    stricterThanRfc: true,
    bytes: (token) => postChunked(token, oneChunk).replace('HTTP/1.1', 'HTTP/1.0'),
    statuses: [400],
    close: true,
  }),
  ...['\r\n chunked', '\r\n\tchunked', ' chunked\r\n ,identity'].map((value, index) =>
    refuses({
      id: `13${'abc'[index]}`,
      row: 13,
      rfc: 'RFC 9112 §5.2',
      title: `Transfer-Encoding folded over two lines (${['space', 'tab', 'the rest on the second'][index]})`,
      stricterThanRfc: true,
      bytes: (token) => post(token, [`Transfer-Encoding:${value}`], oneChunk),
      statuses: [400],
    }),
  ),
  ...(
    [
      ['14a', 'Transfer_Encoding: chunked', 'Content-Length: 11', 'Transfer_Encoding beside Content-Length'],
      ['14b', 'Content_Length: 1', 'Content-Length: 11', 'Content_Length beside Content-Length'],
    ] as const
  ).map(([id, line, length, title]) =>
    forwards({
      id,
      row: 14,
      rfc: 'CVE-2026-29057 and the CGI naming of RFC 3875 §4.1.18',
      title: `${title} is dropped or refused`,
      bytes: (token) => post(token, [line, length], oneChunk),
      orRefuses: [400],
      check: ({ request }) => {
        const name = line.slice(0, line.indexOf(':'))
        demand(valuesOf(request.fields, name).length === 0, `forwards ${name}`)
        demand(request.body === oneChunk, 'the body is not forwarded whole')
      },
    }),
  ),
  ...(['DELETE', 'OPTIONS', 'GET', 'HEAD', 'PUT'] as const).map(
    (method, index): ConformanceCase => ({
      id: `15${'abcde'[index]}`,
      row: 15,
      rfc: 'RFC 9112 §6.3, CVE-2026-29057',
      title: `a chunked ${method} whose body hides a request is one request`,
      run: async (context) => {
        const body = hidden(context.token)
        const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        const bytes = request(method, context.token, ['Transfer-Encoding: chunked'], chunks)
        const { response } = await exchange(context, bytes, { head: method === 'HEAD' })
        await pause(settleMs)
        demandOk(response)
        demand(onlyRequest(context).request.body === body, 'the body is not forwarded whole')
        return passed
      },
    }),
  ),
  forwards({
    id: '15f',
    row: 15,
    rfc: 'RFC 9112 §7',
    title: 'the name of the coding is compared without case: CHUNKED',
    source: 'Http11Probe SMUG-TE-CASE-MISMATCH',
    bytes: (token) => post(token, ['TRANSFER-ENCODING: CHUNKED'], oneChunk),
    orRefuses: [400, 501],
    check: ({ request }) => demand(request.body === 'x', `the replica reads ${JSON.stringify(request.body)}`),
  }),
  forwards({
    id: '15g',
    row: 15,
    rfc: 'RFC 9110 §8.4',
    title: 'Content-Encoding: chunked frames nothing',
    source: 'http-request-smuggler, contentEnc',
    bytes: (token) => post(token, ['Content-Encoding: chunked', 'Content-Length: 11'], oneChunk),
    orRefuses: [400, 415],
    check: ({ request }) => demand(request.body === oneChunk, 'the body is not forwarded whole'),
  }),
]

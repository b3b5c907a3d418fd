import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, forwards, onlyRequest, post, refuses, request, settleMs } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'

const hidden = (token: string) => `GET /${token}/hidden HTTP/1.1\r\nHost: a\r\n\r\n`
const rfc = 'RFC 9112 §6.3'

const invalid: readonly (readonly [id: string, value: string, title: string, source?: string])[] = [
  ['4a', '+1', 'a sign: +1'],
  ['4b', '-1', 'a sign: -1'],
  ['4c', '0x1', 'hexadecimal: 0x1'],
  ['4d', '1Z', 'a letter after the digits: 1Z'],
  ['4e', '', 'an empty value'],
  ['4f', '10000000000000000000001', '23 digits'],
  ['4g', '1 1', 'a space inside', 'Http11Probe SMUG-CL-INTERNAL-SPACE'],
  ['4h', '1_0', 'an underscore: 1_0', 'http-garden, server bug 10'],
  ['4i', '1.0', 'a decimal point: 1.0'],
  ['4j', '-0', 'negative zero', 'Http11Probe SMUG-CL-NEGATIVE-ZERO'],
  ['4k', '0o1', 'octal: 0o1', 'Http11Probe SMUG-CL-OCTAL'],
  ['4l', '18446744073709551617', '2^64 + 1', 'Http11Probe MAL-CL-OVERFLOW'],
  ['4m', '"1"', 'a quoted number'],
  ['4n', '1;', 'a semicolon after the digits'],
  ['4o', '\xa01', 'a no-break space before the digits', 'http-request-smuggler, unispace'],
  ['4p', '\x0b1', 'a vertical tab before the digits', 'http-request-smuggler, prefix1'],
]

/** Rows 2 to 5 and 16: bodies with a Content-Length. */
export const contentLengthCases: readonly ConformanceCase[] = [
  refuses({
    id: '2a',
    row: 2,
    rfc,
    title: 'Content-Length 0, then 31, on two lines',
    bytes: (token) => post(token, ['Content-Length: 0', 'Content-Length: 31'], hidden(token).padEnd(31)),
    statuses: [400],
    close: true,
  }),
  refuses({
    id: '2b',
    row: 2,
    rfc,
    title: 'Content-Length 31, then 0, on two lines',
    bytes: (token) => post(token, ['Content-Length: 31', 'Content-Length: 0'], hidden(token).padEnd(31)),
    statuses: [400],
    close: true,
  }),
  refuses({
    id: '2c',
    row: 2,
    rfc,
    title: 'Content-Length: 1, 2 in one line',
    source: 'Http11Probe SMUG-CL-COMMA-DIFFERENT',
    bytes: (token) => post(token, ['Content-Length: 1, 2'], 'xx'),
    statuses: [400],
    close: true,
  }),
  refuses({
    id: '2d',
    row: 2,
    rfc,
    title: 'an empty Content-Length, then one with a value',
    source: 'http-garden, server bug 42',
    bytes: (token) => post(token, ['Content-Length:', 'Content-Length: 1'], 'x'),
    statuses: [400],
    close: true,
  }),
  refuses({
    id: '3a',
    row: 3,
    rfc: 'RFC 9110 §8.6',
    title: 'Content-Length: 1, 1',
    stricterThanRfc: true,
    bytes: (token) => post(token, ['Content-Length: 1, 1'], 'x'),
    statuses: [400],
  }),
  refuses({
    id: '3b',
    row: 3,
    rfc: 'RFC 9110 §8.6',
    title: 'the same Content-Length on two lines',
    stricterThanRfc: true,
    bytes: (token) => post(token, ['Content-Length: 1', 'Content-Length: 1'], 'x'),
    statuses: [400],
  }),
  ...invalid.map(([id, value, title, source]) =>
    refuses({
      id,
      row: 4,
      rfc,
      title: `Content-Length with ${title}`,
      ...(source === undefined ? {} : { source }),
      bytes: (token) => post(token, [`Content-Length: ${value}`], 'x'),
      statuses: [400],
    }),
  ),
  forwards({
    id: '5a',
    row: 5,
    rfc: 'RFC 9110 §8.6',
    title: 'Content-Length 010 with ten bytes reaches the replica as 10, or 400',
    bytes: (token) => post(token, ['Content-Length: 010'], '0123456789'),
    orRefuses: [400],
    check: ({ request }) => {
      const sent = valuesOf(request.fields, 'content-length').join()
      demand(sent === '10' || sent === '', `forwards Content-Length: ${sent}`)
      demand(request.body === '0123456789', `forwards ${request.body.length} bytes`)
    },
  }),
  forwards({
    id: '5b',
    row: 5,
    rfc: 'RFC 9110 §5.5',
    title: 'white space around a Content-Length is no part of it',
    source: 'Http11Probe SMUG-CL-EXTRA-LEADING-SP, SMUG-CL-TRAILING-SPACE',
    bytes: (token) => post(token, ['Content-Length: \t 3 \t '], 'abc'),
    orRefuses: [400],
    check: ({ request }) => demand(request.body === 'abc', `forwards ${request.body.length} bytes`),
  }),
  {
    id: '16a',
    row: 16,
    rfc: 'RFC 9110 §9.3.1',
    title: 'a GET with Content-Length 10, then a second GET, are framed right',
    run: async (context) => {
      const first = request('GET', context.token, ['Content-Length: 10'], '0123456789', '/1')
      const { client, response } = await exchange(
        context,
        first + request('GET', context.token, [], '', '/2'),
      )
      demandOk(response)
      demandOk(await client.response())
      const seen = context.replica.seen(context.token).map((each) => each.request)
      demand(seen.length === 2, `the replica sees ${seen.length} requests`)
      demand(seen[0]?.body === '0123456789', 'the first body is not forwarded whole')
      demand(seen[1]?.target === `/${context.token}/2`, 'the second request is not framed right')
      return passed
    },
  },
  ...(['GET', 'POST', 'DELETE', 'OPTIONS'] as const).map(
    (method, index): ConformanceCase => ({
      id: `16${'bcde'[index]}`,
      row: 16,
      rfc: 'RFC 9110 §9.3',
      title: `a ${method} whose body of known length looks like a request is one request`,
      source: 'http-request-smuggler, ImplicitZeroScan (CL.0)',
      run: async (context) => {
        const body = hidden(context.token)
        const bytes = request(method, context.token, [`Content-Length: ${body.length}`], body)
        const { response } = await exchange(context, bytes)
        await pause(settleMs)
        demandOk(response)
        demand(onlyRequest(context).request.body === body, 'the body is not forwarded whole')
        return passed
      },
    }),
  ),
  {
    id: '16f',
    row: 16,
    rfc,
    title: 'a POST without Content-Length has no body; what follows is the next request',
    source: 'Http11Probe COMP-POST-NO-CL-NO-TE',
    run: async (context) => {
      const pair = post(context.token, [], '', '/1') + request('GET', context.token, [], '', '/2')
      const { client, response } = await exchange(context, pair)
      if (response.status === 411) return passed
      demandOk(response)
      demandOk(await client.response())
      const seen = context.replica.seen(context.token)
      demand(seen.length === 2, `the replica sees ${seen.length} requests`)
      return passed
    },
  },
]

import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, forwards, postChunked, refuses, settleMs } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'

const withTrailer = (trailer: string) => (token: string) =>
  postChunked(token, `1\r\nx\r\n0\r\n${trailer}\r\n\r\n`)
const rfc = 'RFC 9110 §6.5.1'

const dropped: readonly (readonly [id: string, row: number, trailer: string, source?: string])[] = [
  ['22a', 22, 'Content-Length: 5'],
  ['22b', 22, 'Transfer-Encoding: chunked'],
  ['23a', 23, 'Host: evil'],
  ['23b', 23, 'Authorization: Basic ZXZpbDpldmls'],
  ['23c', 23, 'Cookie: a=evil'],
  ['23d', 23, 'X-Forwarded-For: 6.6.6.6'],
  ['23e', 23, 'Content-Type: text/evil'],
  ['23f', 23, 'Connection: close'],
]

/** Rows 22 to 24: fields after a chunked body. */
export const trailerCases: readonly ConformanceCase[] = [
  ...dropped.map(([id, row, trailer]) =>
    forwards({
      id,
      row,
      rfc,
      title: `trailer ${trailer} is dropped, or 400`,
      stricterThanRfc: true,
      bytes: withTrailer(trailer),
      orRefuses: [400],
      check: ({ request }) => {
        const [name = '', value = ''] = trailer.split(': ')
        demand(valuesOf(request.trailers, name).length === 0, `forwards the trailer ${name}`)
        // The head has one chunked coding of its own.
        const own = name === 'Transfer-Encoding' ? 1 : 0
        const same = valuesOf(request.fields, name).filter((each) => each === value)
        demand(same.length <= own, 'merges it into the head')
        demand(request.body === 'x', 'the body is not forwarded whole')
      },
    }),
  ),
  forwards({
    id: '24a',
    row: 24,
    rfc,
    title: 'trailer X-T: 1 is forwarded as a trailer, or dropped',
    bytes: withTrailer('X-T: 1'),
    check: ({ request }) => {
      demand(valuesOf(request.fields, 'x-t').length === 0, 'merges it into the head')
      const forwarded = request.trailers.map(([name, value]) => `${name.toLowerCase()}:${value}`).join()
      demand(forwarded === '' || forwarded === 'x-t:1', `forwards the trailers ${forwarded}`)
    },
  }),
  ...(
    [
      ['24b', 'X T: 1', 'a space in its name'],
      ['24c', 'X-T', 'no colon'],
      ['24d', 'X-T : 1', 'a space before its colon'],
      ['24e', 'X-T: a\0b', 'a NUL in its value'],
      ['24f', 'X-T: 1\nX-U: 2', 'LF alone at its end'],
      ['24g', `X-T: ${'a'.repeat(100_000)}`, '100 KB'],
    ] as const
  ).map(([id, trailer, title]) =>
    refuses({
      id,
      row: 24,
      rfc: 'RFC 9112 §5.1, §7.1.2',
      title: `a trailer with ${title}`,
      stricterThanRfc: true,
      source: 'http-request-smuggler, ChunkContentScan',
      bytes: withTrailer(trailer),
      statuses: id === '24g' ? [400, 413, 431] : [400],
    }),
  ),
  {
    id: '24h',
    row: 24,
    rfc: 'RFC 9112 §7.1.2',
    title: "a trailer of the replica's answer is relayed as a trailer, or dropped",
    run: async (context) => {
      context.answer(async (_seen, reply) => {
        await reply.wholeRequest()
        reply.send(
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
        )
      })
      const { client, response } = await exchange(
        context,
        `GET /${context.token} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n`,
      )
      demandOk(response)
      demand(response.body === 'ok', 'the body is not relayed whole')
      demand(valuesOf(response.fields, 'x-t').length === 0, 'merges it into the head')
      await pause(settleMs)
      demand(client.unread() === '', 'bytes after the answer')
      return passed
    },
  },
]

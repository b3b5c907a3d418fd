import { CaseFailure, type ConformanceCase, demand, passed } from '../case.ts'
import { demandOk, exchange, get } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok } from '../recording-replica.ts'

/** Row 69: clients and replicas that speak HTTP/1.0. */
export const http10Cases: readonly ConformanceCase[] = [
  ...(
    [
      ['69a', [], false, 'a plain HTTP/1.0 request: the connection is closed after it'],
      ['69b', [], true, 'a chunked answer is decoded for an HTTP/1.0 client'],
      [
        '69c',
        ['Connection: keep-alive'],
        false,
        'HTTP/1.0 with keep-alive: kept if the answer says so, else closed',
      ],
      [
        '69d',
        ['Connection: keep-alive'],
        true,
        'a chunked answer to HTTP/1.0 with keep-alive is decoded and ends',
      ],
    ] as const
  ).map(
    ([id, fields, isChunked, title]): ConformanceCase => ({
      id,
      row: 69,
      rfc: 'RFC 9112 §9.3, §C.2.2',
      title,
      run: async (context) => {
        context.answer((_seen, reply) =>
          reply.send(
            isChunked
              ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'
              : ok('abcdef'),
          ),
        )
        const { client, response } = await exchange(
          context,
          get(context.token, fields).replace('HTTP/1.1', 'HTTP/1.0'),
        )
        demandOk(response)
        demand(response.body === 'abcdef', 'the body is not relayed whole')
        demand(response.framing !== 'chunked', 'sends chunks')
        const isKept = /keep-alive/i.test(valuesOf(response.fields, 'connection').join())
        if (!isKept) {
          demand((await client.closed()) !== 'open', 'keeps the connection open')
          return passed
        }
        demand(fields.length > 0, 'says keep-alive without being asked')
        client.send(get(context.token).replace('HTTP/1.1', 'HTTP/1.0'))
        demandOk(await client.response())
        return passed
      },
    }),
  ),
  {
    id: '69e',
    row: 69,
    rfc: 'RFC 9110 §2.5',
    title: 'an HTTP/1.0 answer of the replica is relayed as HTTP/1.1',
    run: async (context) => {
      context.answer((_seen, reply) => {
        reply.send('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')
        reply.end()
      })
      const { response } = await exchange(context, get(context.token))
      demandOk(response)
      demand(response.version === '1.1', `answers in HTTP/${response.version}`)
      return passed
    },
  },
  {
    id: '69f',
    row: 69,
    rfc: 'RFC 9112 §6.1',
    title: 'a chunked answer in HTTP/1.0 is not trusted: 502, or its connection is not used again',
    run: async (context) => {
      context.answer((seen, reply) =>
        reply.send(
          seen.request.target.endsWith('/after')
            ? ok('after')
            : 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n2\r\nok\r\n0\r\n\r\n',
        ),
      )
      const { response } = await exchange(context, get(context.token)).catch((error: unknown) => {
        // Without framing to trust, the answer lasts until its connection ends.
        if (error instanceof CaseFailure && error.message === 'no answer') return { response: undefined }
        throw error
      })
      demand(response === undefined || [200, 502].includes(response.status), `answers ${response?.status}`)
      await exchange(context, get(context.token, [], '/after'))
      const [first, after] = context.replica.seen(context.token)
      demand(first?.connection.id !== after?.connection.id, "the replica's connection is used again")
      return passed
    },
  },
]

import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, get, request, settleMs } from '../exchange.ts'
import { answerBadly, demandFreshConnection } from '../poisoned-connection.ts'
import { ok } from '../recording-replica.ts'

const rfc = 'RFC 9112 §6.3'

const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`

/** Rows 58 and 67: where an answer ends, and bytes after its end. */
export const responseFramingCases: readonly ConformanceCase[] = [
  ...(
    [
      ['58a', 'GET', ok('ok') + ok('poison'), 0, 'bytes after a complete answer, in one write'],
      [
        '58b',
        'GET',
        ok('ok') + ok('poison'),
        ok('ok').length,
        'bytes after a complete answer, a moment later',
      ],
      ['58c', 'HEAD', `${head('Content-Length: 6')}poison`, 0, 'a body after an answer to HEAD'],
      ['58d', 'GET', `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison`, 0, 'a body after 304'],
      ['58e', 'GET', `HTTP/1.1 204 No Content\r\n\r\n${ok('poison')}`, 0, 'a second answer after 204'],
      [
        '58f',
        'GET',
        `${head('Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n${ok('poison')}`,
        0,
        'bytes after the last chunk',
      ],
    ] as const
  ).map(
    ([id, method, bytes, splitAt, title]): ConformanceCase => ({
      id,
      row: 58,
      rfc,
      title: `${title}: the replica's connection is never used again`,
      ...(method === 'HEAD' ? { source: 'http-request-smuggler, HeadScanCL' } : {}),
      run: async (context) => {
        answerBadly(context, async (reply) => {
          reply.send(splitAt === 0 ? bytes : bytes.slice(0, splitAt))
          if (splitAt === 0) return
          await pause(settleMs)
          reply.send(bytes.slice(splitAt))
        })
        const { client } = await exchange(context, request(method, context.token), {
          head: method === 'HEAD',
        })
        await pause(2 * settleMs)
        demand(client.unread() === '', 'relays bytes after the answer')
        await demandFreshConnection(context, context.replica.seen(context.token)[0]?.connection.id ?? -1)
        return passed
      },
    }),
  ),
  ...(
    [
      ['67a', 'HEAD', head('Content-Length: 5'), 200, 'HEAD answered with Content-Length: 5'],
      [
        '67b',
        'HEAD',
        head('Transfer-Encoding: chunked'),
        200,
        'HEAD answered with Transfer-Encoding: chunked',
      ],
      [
        '67c',
        'GET',
        'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
        204,
        '204 with Content-Length: 5',
      ],
      [
        '67d',
        'GET',
        'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
        304,
        '304 with Content-Length: 5',
      ],
      ['67e', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n', 304, '304 without length'],
      ['67f', 'GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', 205, '205'],
      [
        '67g',
        'GET',
        'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
        304,
        '304 with Transfer-Encoding: chunked',
      ],
    ] as const
  ).map(
    ([id, method, bytes, status, title]): ConformanceCase => ({
      id,
      row: 67,
      rfc,
      title: `${title} has no body, and the next answer is framed right`,
      source: 'HAProxy reg-tests, http_bodyless_response',
      run: async (context) => {
        answerBadly(context, (reply) => reply.send(bytes))
        const isHead = method === 'HEAD'
        const { client, response } = await exchange(context, request(method, context.token), { head: isHead })
        demand(response.status === status, `answers ${response.status}`)
        const next = (await client.closed(settleMs)) === 'open' ? client : await context.connect()
        next.send(get(context.token, [], '/after'))
        const after = await next.response()
        demandOk(after)
        demand(after.body === 'after', 'the next answer is not framed right')
        return passed
      },
    }),
  ),
]

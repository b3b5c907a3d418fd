import { type ConformanceCase, demand, passed } from '../case.ts'
import { exchange, get } from '../exchange.ts'
import { answerBadly, demandFreshConnection } from '../poisoned-connection.ts'

const rfc = 'RFC 9112 §6.3'

type Bad = readonly [
  id: string,
  row: number,
  response: string,
  title: string,
  more?: Partial<ConformanceCase>,
]

const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`
const stricter = { stricterThanRfc: true }

/** Answers that a proxy must not relay. */
const badAnswers: readonly Bad[] = [
  [
    '55a',
    55,
    `${head('Content-Length: 2\r\nTransfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    'Content-Length and Transfer-Encoding',
    stricter,
  ],
  ['55b', 55, `${head('Content-Length: 2\r\nContent-Length: 3')}oks`, 'two lengths'],
  ['55c', 55, `${head('X-A: 1\nX-B: 2\r\nContent-Length: 2')}ok`, 'LF alone between fields', stricter],
  ['55d', 55, `${head('X-A: 1\r\n 2\r\nContent-Length: 2')}ok`, 'a folded field', stricter],
  ['55e', 55, `${head('X-A: a\0b\r\nContent-Length: 2')}ok`, 'a NUL in a value', stricter],
  ['55f', 55, `${head('X-A: a\rb\r\nContent-Length: 2')}ok`, 'a bare CR in a value', stricter],
  ['55g', 55, `${head('Content-Length: +2')}ok`, 'Content-Length: +2'],
  ['55h', 55, `${head('Content-Length: 0x2')}ok`, 'Content-Length: 0x2'],
  ['55i', 55, `${head('Content-Length: -2')}ok`, 'Content-Length: -2'],
  ['55j', 55, `${head('Content-Length: 2, 3')}oks`, 'Content-Length: 2, 3'],
  [
    '55k',
    55,
    `${head('Content-Length: 18446744073709551618')}ok`,
    'Content-Length: 2^64 + 2',
    { source: 'Http11Probe MAL-CL-OVERFLOW' },
  ],
  ['55l', 55, `${head('X-A\r\nContent-Length: 2')}ok`, 'a field without colon', stricter],
  ['55m', 55, `${head(': 1\r\nContent-Length: 2')}ok`, 'an empty field name', stricter],
  ['55n', 55, `${head('X A: 1\r\nContent-Length: 2')}ok`, 'a space in a field name', stricter],
  ['55o', 55, `${head('Content-Length:')}ok`, 'an empty Content-Length'],
  [
    '56a',
    56,
    `${head('Transfer-Encoding: chunked, chunked')}2\r\nok\r\n0\r\n\r\n`,
    'Transfer-Encoding: chunked, chunked',
    stricter,
  ],
  [
    '56b',
    56,
    `${head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    'chunked on two lines',
    stricter,
  ],
  [
    '56c',
    56,
    `${head('Transfer-Encoding: xchunked')}2\r\nok\r\n0\r\n\r\n`,
    'Transfer-Encoding: xchunked',
    stricter,
  ],
  [
    '56d',
    56,
    `${head('Transfer-Encoding: \x0bchunked')}2\r\nok\r\n0\r\n\r\n`,
    'a vertical tab before chunked',
    stricter,
  ],
  ['82a', 82, 'foo\r\n\r\n', 'no status line'],
  ['82b', 82, 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok', 'status 99'],
  ['82c', 82, 'HTTP/1.1 2000 High\r\nContent-Length: 2\r\n\r\nok', 'status 2000'],
  ['82d', 82, 'HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok', 'status 2x0'],
  ['82e', 82, 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 'version 2.0', stricter],
  ['82f', 82, 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok', 'protocol ICY'],
  ['82g', 82, 'HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok', 'two spaces before the status', stricter],
  ['82h', 82, 'HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok', 'a NUL in the reason', stricter],
  ['83a', 83, head(`X-A: ${'a'.repeat(1_100_000)}\r\nContent-Length: 0`), 'a head of 1.1 MB'],
]

/** Rows 55, 56, 82 and 83: answers that a proxy must not relay. */
export const badResponseCases: readonly ConformanceCase[] = [
  ...badAnswers.map(
    ([id, row, bytes, title, more = {}]): ConformanceCase => ({
      id,
      row,
      rfc: row === 82 ? 'RFC 9112 §4' : rfc,
      title: `an answer with ${title} becomes 502`,
      ...more,
      run: async (context) => {
        answerBadly(context, (reply) => reply.send(bytes))
        const { response } = await exchange(context, get(context.token))
        demand(response.status === 502, `answers ${response.status}`)
        const used = context.replica.seen(context.token)[0]?.connection
        demand(used !== undefined, 'the replica sees nothing')
        const closed = () => used.closedAtMs !== undefined
        demand(await context.replica.until(closed, 1000), "keeps the replica's connection open")
        await demandFreshConnection(context, used.id)
        return passed
      },
    }),
  ),
]

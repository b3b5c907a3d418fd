import { type CaseContext, CaseFailure, type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, get, request, settleMs } from '../exchange.ts'
import { ok, type Reply } from '../recording-replica.ts'

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
  ['55m', 55, `${head(': 1\r\nContent-Length: 2')}ok`, 'an empty field name'],
  ['55n', 55, `${head('X A: 1\r\nContent-Length: 2')}ok`, 'a space in a field name'],
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
  ['82a', 82, 'foo\r\n\r\n', 'no status line', { source: 'http-garden, HTTP/0.9 answers' }],
  ['82b', 82, 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok', 'status 99'],
  ['82c', 82, 'HTTP/1.1 2000 High\r\nContent-Length: 2\r\n\r\nok', 'status 2000'],
  ['82d', 82, 'HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok', 'status 2x0'],
  ['82e', 82, 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 'version 2.0', stricter],
  ['82f', 82, 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok', 'protocol ICY'],
  ['82g', 82, 'HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok', 'two spaces before the status', stricter],
  ['82h', 82, 'HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok', 'a NUL in the reason', stricter],
  [
    '83a',
    83,
    head(`X-A: ${'a'.repeat(1_100_000)}\r\nContent-Length: 0`),
    'a head of 1.1 MB',
    { source: 'HAProxy reg-tests, http_msg_full_on_eom' },
  ],
]

const badChunks: readonly (readonly [id: string, chunks: string, title: string])[] = [
  ['81a', '0x2\r\nok\r\n0\r\n\r\n', 'chunk size 0x2'],
  ['81b', '-2\r\nok\r\n0\r\n\r\n', 'chunk size -2'],
  ['81c', '2\r\nokay\r\n0\r\n\r\n', 'more data than the chunk size says'],
  ['81d', '10000000000000002\r\nok\r\n0\r\n\r\n', 'a chunk size of 17 digits'],
  ['81e', '\r\nok\r\n0\r\n\r\n', 'an empty chunk size'],
  ['81f', '2\r\nok0\r\n\r\n', 'no line end after chunk data'],
]

type Cut = readonly [
  id: string,
  row: number,
  title: string,
  answer: (reply: Reply) => Promise<void> | void,
  version?: string,
]

const cuts: readonly Cut[] = [
  [
    '57a',
    57,
    'a body of known length that ends early',
    (reply) => sendThenEnd(reply, `${head('Content-Length: 10')}abc`),
  ],
  [
    '57b',
    57,
    'a chunked body that ends early',
    (reply) => sendThenEnd(reply, `${head('Transfer-Encoding: chunked')}5\r\nab`),
  ],
  [
    '57c',
    57,
    'a chunked body that ends early, for an HTTP/1.0 client',
    (reply) => sendThenEnd(reply, `${head('Transfer-Encoding: chunked')}3\r\nabc\r\n`),
    '1.0',
  ],
  [
    '57d',
    57,
    'a body without length whose connection is reset',
    (reply) => sendThenReset(reply, `${head('Connection: close')}abc`),
  ],
  [
    '57e',
    57,
    'a chunked body without its last chunk',
    (reply) => sendThenEnd(reply, `${head('Transfer-Encoding: chunked')}3\r\nabc\r\n`),
  ],
  [
    '57f',
    57,
    'a chunked body without its final line',
    (reply) => sendThenEnd(reply, `${head('Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n`),
  ],
  ...badChunks.map(
    ([id, chunks, title]): Cut => [
      id,
      81,
      `a chunked answer with ${title}`,
      (reply) => reply.send(head('Transfer-Encoding: chunked') + chunks),
    ],
  ),
]

function sendThenEnd(reply: Reply, bytes: string): void {
  reply.send(bytes)
  reply.end()
}

async function sendThenReset(reply: Reply, bytes: string): Promise<void> {
  reply.send(bytes)
  // A reset would overtake bytes that the proxy has not read yet.
  await pause(settleMs)
  reply.reset()
}

/** The next request must get its own answer, on another connection than `usedId`. */
async function demandFreshConnection(context: CaseContext, usedId: number): Promise<void> {
  const { response } = await exchange(context, get(context.token, [], '/after'))
  demandOk(response)
  demand(response.body === 'after', 'the next request gets another answer than its own')
  const after = context.replica.seen(context.token).find(({ request }) => request.target.endsWith('/after'))
  demand(after !== undefined && after.connection.id !== usedId, "the replica's connection is used again")
}

/** Sends `first`'s answer as given, and answers /after in order. */
function answerBadly(context: CaseContext, bad: (reply: Reply) => Promise<void> | void): void {
  context.answer(async ({ request }, reply) => {
    await reply.wholeRequest()
    if (request.target.endsWith('/after')) reply.send(ok('after'))
    else await bad(reply)
  })
}

/** Rows 55 to 58, 67 and 81 to 83: where an answer ends, and answers that lie about it. */
export const responseFramingCases: readonly ConformanceCase[] = [
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
  ...cuts.map(
    ([id, row, title, answer, version = '1.1']): ConformanceCase => ({
      id,
      row,
      rfc: 'RFC 9112 §8',
      title: `${title} has no clean end for the client`,
      run: async (context) => {
        answerBadly(context, answer)
        const client = await context.connect()
        client.send(get(context.token).replace('HTTP/1.1', `HTTP/${version}`))
        try {
          const response = await client.response()
          if (response.status !== 502) demand(!response.complete, 'the answer looks whole')
        } catch (error) {
          // A reset may also overtake the beginning of the answer.
          if (!(error instanceof CaseFailure) || !/^(reset|closed)/.test(error.message)) throw error
        }
        await demandFreshConnection(context, context.replica.seen(context.token)[0]?.connection.id ?? -1)
        return passed
      },
    }),
  ),
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

import { CaseFailure, type ConformanceCase, demand, passed, pause } from '../case.ts'
import { get, settleMs } from '../exchange.ts'
import { answerBadly, demandFreshConnection } from '../poisoned-connection.ts'
import type { Reply } from '../recording-replica.ts'

const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`

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

/** Rows 57 and 81: answers that end where they may not. */
export const cutResponseCases: readonly ConformanceCase[] = [
  ...cuts.map(
    ([id, row, title, answer, version = '1.1']): ConformanceCase => ({
      id,
      row,
      rfc: 'RFC 9112 §8',
      title: `${title} has no clean end for the client`,
      stricterThanRfc: id === '57c',
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
]

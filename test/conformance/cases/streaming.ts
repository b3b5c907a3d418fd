import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, get, post, settleMs } from '../exchange.ts'
import { ok, type Reply, type SeenRequest } from '../recording-replica.ts'

const eventStream = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
const event = (text: string) => `${(text.length + 8).toString(16)}\r\ndata: ${text}\n\n\r\n`

/** How soon a replica must learn that its client left: 100 ms, and as much again for a busy test machine. */
const leaveMs = 200

function demandLeft({ connection }: SeenRequest, leftAtMs: number): void {
  const tookMs = Math.round((connection.closedAtMs ?? Number.POSITIVE_INFINITY) - leftAtMs)
  demand(tookMs <= leaveMs, `the replica learns it after ${tookMs} ms`)
}

/** Rows 63, 68 and 70: answers that last, begin early or end with their connection. */
export const streamingCases: readonly ConformanceCase[] = [
  ...(
    [
      ['63a', 'in the middle of a silent event stream', 0],
      ['63b', 'in the middle of a flowing event stream', 10],
    ] as const
  ).map(
    ([id, title, everyMs]): ConformanceCase => ({
      id,
      row: 63,
      rfc: 'WHATWG HTML, server-sent events',
      stricterThanRfc: true,
      title: `the client leaves ${title}: the replica learns it within 100 ms`,
      run: async (context) => {
        const answer = async ({ connection }: SeenRequest, reply: Reply) => {
          reply.send(eventStream + event('one'))
          while (everyMs > 0 && connection.closedAtMs === undefined) {
            await pause(everyMs)
            reply.send(event('more'))
          }
        }
        context.answer(answer)
        const client = await context.connect()
        client.send(get(context.token))
        await client.receive('data: one')
        client.destroy()
        const leftAtMs = performance.now()
        const [seen] = context.replica.seen(context.token)
        demand(seen !== undefined, 'the replica sees nothing')
        await context.replica.until(() => seen.connection.closedAtMs !== undefined, 1000)
        demandLeft(seen, leftAtMs)
        return passed
      },
    }),
  ),
  {
    id: '63c',
    row: 63,
    stricterThanRfc: true,
    rfc: 'RFC 9110 §9.2.2',
    title: 'the client leaves before the answer begins: the replica learns it within 100 ms',
    source: 'HAProxy reg-tests, http_abortonclose',
    run: async (context) => {
      context.answer(() => new Promise(() => {}))
      const client = await context.connect()
      client.send(get(context.token))
      await context.replica.until(() => context.replica.seen(context.token).length > 0, 1000)
      client.destroy()
      const leftAtMs = performance.now()
      const [seen] = context.replica.seen(context.token)
      demand(seen !== undefined, 'the replica sees nothing')
      await context.replica.until(() => seen.connection.closedAtMs !== undefined, 1000)
      demandLeft(seen, leftAtMs)
      return passed
    },
  },
  {
    id: '63d',
    row: 63,
    rfc: 'WHATWG HTML, server-sent events',
    title: 'each event reaches the client before the next is sent',
    run: async (context) => {
      let sendNext = () => {}
      context.answer(async (_seen, reply) => {
        reply.send(eventStream)
        for (const text of ['one', 'two', 'three']) {
          reply.send(event(text))
          await new Promise<void>((resolve) => {
            sendNext = resolve
          })
        }
        reply.send('0\r\n\r\n')
      })
      const client = await context.connect()
      client.send(get(context.token))
      for (const text of ['one', 'two', 'three']) {
        await client.receive(`data: ${text}`)
        sendNext()
      }
      demandOk(await client.response())
      return passed
    },
  },
  ...(
    [
      ['68a', 'the client never sends the rest', false],
      ['68b', 'the client then sends the rest', true],
    ] as const
  ).map(
    ([id, title, sendRest]): ConformanceCase => ({
      id,
      row: 68,
      rfc: 'RFC 9112 §9.3, §9.5',
      title: `an answer before the request's body is complete is relayed; ${title}`,
      run: async (context) => {
        context.answer((seen, reply) => {
          if (seen.request.target.endsWith('/after')) reply.send(ok('after'))
          else reply.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig')
        })
        const client = await context.connect()
        client.send(post(context.token, ['Content-Length: 1000'], '0123456789'))
        const response = await client.response()
        demand(response.status === 413 && response.body === 'big', `answers ${response.status}`)
        if (sendRest) client.send('x'.repeat(990))
        await pause(settleMs)
        const after = await exchange(context, get(context.token, [], '/after'))
        demandOk(after.response)
        demand(after.response.body === 'after', 'the next request gets another answer than its own')
        return passed
      },
    }),
  ),
  ...(
    [
      ['70a', '1.1', 'HTTP/1.1'],
      ['70b', '1.0', 'HTTP/1.0'],
    ] as const
  ).map(
    ([id, version, name]): ConformanceCase => ({
      id,
      row: 70,
      rfc: 'RFC 9112 §6.3',
      title: `an answer without length that ends with its connection is relayed to ${name}, and ends cleanly`,
      run: async (context) => {
        context.answer((_seen, reply) => {
          reply.send('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end')
          reply.end()
        })
        const { response } = await exchange(context, get(context.token).replace('HTTP/1.1', name))
        demandOk(response)
        demand(response.body === 'until the end', 'the body is not relayed whole')
        demand(version === '1.1' || response.framing !== 'chunked', 'sends chunks to an HTTP/1.0 client')
        return passed
      },
    }),
  ),
  {
    id: '70c',
    row: 70,
    rfc: 'RFC 9112 §6.3',
    title: 'an answer without length ends cleanly when the connection was to be kept',
    run: async (context) => {
      context.answer((_seen, reply) => {
        reply.send('HTTP/1.1 200 OK\r\n\r\nuntil the end')
        reply.end()
      })
      const { response } = await exchange(context, get(context.token))
      demandOk(response)
      demand(response.body === 'until the end', 'the body is not relayed whole')
      return passed
    },
  },
]

import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, get, post, settleMs } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok } from '../recording-replica.ts'

/** Rows 76, 78 and 79: pipelining, and connections that are kept or closed. */
export const connectionCases: readonly ConformanceCase[] = [
  {
    id: '76a',
    stricterThanRfc: true,
    row: 76,
    rfc: 'RFC 9112 §9.3',
    title: 'connections to the replica are used again',
    run: async (context) => {
      for (let index = 0; index < 3; index++) {
        const { client, response } = await exchange(context, get(context.token))
        demandOk(response)
        client.destroy()
        await pause(10)
      }
      const ids = new Set(context.replica.seen(context.token).map((seen) => seen.connection.id))
      demand(ids.size < 3, 'every request opens a connection')
      return passed
    },
  },
  {
    id: '78a',
    row: 78,
    rfc: 'RFC 9112 §9.3.2',
    title: 'twenty pipelined requests are answered in order',
    run: async (context) => {
      const client = await context.connect()
      const paths = Array.from({ length: 20 }, (_, index) => `/${index}`)
      client.send(paths.map((path) => get(context.token, [], path)).join(''))
      for (const path of paths) {
        const response = await client.response()
        demandOk(response)
        demand(response.body === `answer to /${context.token}${path}`, 'answers out of order')
      }
      return passed
    },
  },
  {
    id: '78b',
    row: 78,
    rfc: 'RFC 9112 §9.6',
    title: 'a request after one with Connection: close is not executed',
    source: 'Http11Probe COMP-CONNECTION-CLOSE',
    run: async (context) => {
      const pair = get(context.token, ['Connection: close'], '/1') + get(context.token, [], '/2')
      const { client, response } = await exchange(context, pair)
      demandOk(response)
      demand((await client.closed()) !== 'open', 'keeps the connection open')
      await pause(settleMs)
      demand(context.replica.seen(context.token).length === 1, 'the replica sees the second request')
      return passed
    },
  },
  {
    id: '78c',
    row: 78,
    rfc: 'RFC 9112 §9.3.2',
    title: 'a POST and a GET in one write are two requests',
    source: 'http-request-smuggler, PipelineDesync',
    run: async (context) => {
      const pair = post(context.token, ['Content-Length: 3'], 'abc', '/1') + get(context.token, [], '/2')
      const { client, response } = await exchange(context, pair)
      demandOk(response)
      demandOk(await client.response())
      const seen = context.replica.seen(context.token).map((each) => each.request)
      demand(seen.length === 2 && seen[0]?.body === 'abc', `the replica sees ${seen.length} requests`)
      return passed
    },
  },
  {
    id: '78d',
    row: 78,
    rfc: 'RFC 9112 §2.2',
    title: 'a request after a malformed one is not executed',
    source: 'http-garden, server bug 47',
    run: async (context) => {
      const client = await context.connect()
      client.send(get(context.token, ['X A: 1'], '/1') + get(context.token, [], '/2'))
      const response = await client.response()
      demand(response.status === 400, `answers ${response.status}`)
      await pause(settleMs)
      demand(context.replica.seen(context.token).length === 0, 'the replica sees a request')
      return passed
    },
  },
  {
    id: '78e',
    row: 78,
    rfc: 'RFC 9112 §9.3.2',
    title: 'a malformed request behind a good one: the good one is answered first',
    source: 'http-garden, server bug 45',
    run: async (context) => {
      const client = await context.connect()
      client.send(`${get(context.token, [], '/1')}Invalid\r\n\r\n`)
      demandOk(await client.response())
      const second = await client.response()
      demand(second.status === 400, `answers ${second.status} to the second`)
      return passed
    },
  },
  {
    id: '79a',
    row: 79,
    rfc: 'RFC 9112 §9.6',
    title: 'Connection: close is answered with Connection: close, and closed',
    run: async (context) => {
      const { client, response } = await exchange(context, get(context.token, ['Connection: close']))
      demandOk(response)
      demand(/close/i.test(valuesOf(response.fields, 'connection').join()), 'does not say close')
      demand((await client.closed()) !== 'open', 'keeps the connection open')
      return passed
    },
  },
  {
    id: '79b',
    row: 79,
    rfc: 'RFC 9110 §7.6.1',
    title: "the replica's Connection: close ends only the replica's connection",
    run: async (context) => {
      context.answer((_seen, reply) => {
        reply.send(ok('ok', ['Connection: close']))
        reply.end()
      })
      const { client, response } = await exchange(context, get(context.token))
      demandOk(response)
      demand(!/close/i.test(valuesOf(response.fields, 'connection').join()), 'relays Connection: close')
      client.send(get(context.token))
      demandOk(await client.response())
      return passed
    },
  },
  {
    id: '79c',
    row: 79,
    rfc: 'RFC 9112 §9.6',
    title: 'Connection: keep-alive, close means close',
    run: async (context) => {
      const { client, response } = await exchange(
        context,
        get(context.token, ['Connection: keep-alive, close']),
      )
      demandOk(response)
      demand((await client.closed()) !== 'open', 'keeps the connection open')
      return passed
    },
  },
]

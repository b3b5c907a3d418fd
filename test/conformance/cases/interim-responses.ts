import { type CaseContext, CaseFailure, type ConformanceCase, demand, passed, pause } from '../case.ts'
import type { RawClient } from '../client.ts'
import { demandOk, exchange, get, post } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok } from '../recording-replica.ts'

const earlyHints = 'HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n'

/** After interim answers the final one must end: the next request on the connection gets its own answer. */
async function demandNext(context: CaseContext, client: RawClient): Promise<void> {
  client.send(get(context.token, [], '/next'))
  const next = await client.response().catch((error: unknown) => {
    if (error instanceof CaseFailure) throw new CaseFailure(`the final answer does not end: ${error.message}`)
    throw error
  })
  demandOk(next)
}

/** Rows 53 and 54: Expect, and what comes before the final answer. */
export const interimResponseCases: readonly ConformanceCase[] = [
  {
    id: '53a',
    row: 53,
    rfc: 'RFC 9110 §10.1.1',
    title: "Expect: 100-continue is forwarded, and the replica's 100 relayed",
    run: async (context) => {
      context.answer(async (_seen, reply) => {
        await pause(100)
        reply.send('HTTP/1.1 100 Continue\r\n\r\n')
        await reply.wholeRequest()
        reply.send(ok('ok'))
      })
      const client = await context.connect()
      const sentAtMs = performance.now()
      client.send(post(context.token, ['Expect: 100-continue', 'Content-Length: 3']))
      const interim = await client.anyResponse()
      demand(interim.status === 100, `answers ${interim.status} first`)
      const [seen] = context.replica.seen(context.token)
      demand(seen !== undefined, 'sends 100 before the replica sees the request')
      demand(/100-continue/i.test(valuesOf(seen.request.fields, 'expect').join()), 'does not forward Expect')
      demand(performance.now() - sentAtMs > 90, 'sends 100 before the replica does')
      client.send('abc')
      demandOk(await client.response())
      return passed
    },
  },
  {
    id: '53b',
    row: 53,
    rfc: 'RFC 9110 §10.1.1',
    title: "the replica's 401 to Expect: 100-continue is relayed, without a 100",
    run: async (context) => {
      context.answer((_seen, reply) => reply.send('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno'))
      const client = await context.connect()
      client.send(post(context.token, ['Expect: 100-continue', 'Content-Length: 3']))
      const response = await client.anyResponse()
      demand(response.status === 401, `answers ${response.status} first`)
      return passed
    },
  },
  {
    id: '53c',
    row: 53,
    rfc: 'RFC 9110 §10.1.1',
    title: 'an HTTP/1.0 client gets no 100',
    run: async (context) => {
      context.answer(async (_seen, reply) => {
        reply.send('HTTP/1.1 100 Continue\r\n\r\n')
        await reply.wholeRequest()
        reply.send(ok('ok'))
      })
      const { response, client } = await exchange(
        context,
        post(context.token, ['Expect: 100-continue', 'Content-Length: 3'], 'abc').replace(
          'HTTP/1.1',
          'HTTP/1.0',
        ),
      )
      demandOk(response)
      demand(client.interim.length === 0, 'sends an interim answer')
      return passed
    },
  },
  {
    id: '53d',
    row: 53,
    rfc: 'RFC 9110 §10.1.1',
    title: 'a client that sends its body without waiting for the 100 is served',
    source: 'nginx-tests, http_expect_100_continue.t',
    run: async (context) => {
      const bytes = post(context.token, ['Expect: 100-continue', 'Content-Length: 3'], 'abc')
      const { response } = await exchange(context, bytes)
      demandOk(response)
      demand(
        context.replica.seen(context.token)[0]?.request.body === 'abc',
        'the body is not forwarded whole',
      )
      return passed
    },
  },
  {
    id: '54a',
    row: 54,
    rfc: 'RFC 8297 §2',
    title: '103 is relayed to an HTTP/1.1 client, before the final answer',
    run: async (context) => {
      context.answer(async (_seen, reply) => {
        reply.send(earlyHints)
        await pause(100)
        reply.send(ok('ok'))
      })
      const client = await context.connect()
      client.send(get(context.token))
      const interim = await client.anyResponse()
      demand(interim.status === 103, `answers ${interim.status} first`)
      demand(valuesOf(interim.fields, 'link').length === 1, 'loses the Link field')
      demandOk(await client.response())
      await demandNext(context, client)
      return passed
    },
  },
  {
    id: '54b',
    row: 54,
    rfc: 'RFC 9110 §15.2',
    title: '103 is not relayed to an HTTP/1.0 client',
    run: async (context) => {
      context.answer((_seen, reply) => reply.send(earlyHints + ok('ok')))
      const { client, response } = await exchange(context, get(context.token).replace('HTTP/1.1', 'HTTP/1.0'))
      demandOk(response)
      demand(client.interim.length === 0, 'sends an interim answer')
      return passed
    },
  },
  {
    id: '54c',
    row: 54,
    rfc: 'RFC 9110 §15.2',
    title: 'several interim answers come before the final one',
    source: 'HAProxy reg-tests, http_1xx_responses',
    run: async (context) => {
      context.answer((_seen, reply) =>
        reply.send(`HTTP/1.1 102 Processing\r\n\r\n${earlyHints}${earlyHints}${ok('ok')}`),
      )
      const { client, response } = await exchange(context, get(context.token))
      demandOk(response)
      const statuses = client.interim.map(({ status }) => status).join()
      demand(/^(102,)?103,103$/.test(statuses), `sends ${statuses === '' ? 'none' : statuses} first`)
      await demandNext(context, client)
      return passed
    },
  },
]

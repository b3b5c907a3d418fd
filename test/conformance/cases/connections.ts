import {
  type CaseContext,
  CaseFailure,
  type ConformanceCase,
  demand,
  NotApplicable,
  passed,
  pause,
} from '../case.ts'
import { demandOk, exchange, get, post, request, settleMs } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok } from '../recording-replica.ts'

const keyed = (context: CaseContext, key: string, path: string) =>
  `GET /${context.token}${path} HTTP/1.1\r\nHost: a\r\nx-session: ${key}\r\n\r\n`

/** Two session keys that live on different replicas, and where each lives. */
async function twoKeys(context: CaseContext): Promise<readonly (readonly [key: string, replica: number])[]> {
  if (context.replica.ports.length < 2) throw new NotApplicable('needs two replicas behind the proxy')
  const homes = new Map<number, string>()
  for (let attempt = 0; attempt < 40 && homes.size < 2; attempt++) {
    const key = `key-${context.token}-${attempt}`
    await exchange(context, keyed(context, key, '/probe'))
    const home = context.replica.seen(key)[0]?.connection.replica
    if (home !== undefined && !homes.has(home)) homes.set(home, key)
  }
  demand(homes.size === 2, 'sends every session to one replica')
  return [...homes].map(([home, key]) => [key, home])
}

/** A request on a used connection gets `second` from the replica; the first always gets 200. */
async function onUsedConnection(
  context: CaseContext,
  method: string,
  partial: string,
): Promise<{ status: number; tries: number }> {
  context.answer(async (seen, reply) => {
    await reply.wholeRequest()
    if (seen.index === 0) return reply.send(ok('ok'))
    if (partial !== '') {
      reply.send(partial)
      await pause(settleMs)
    }
    reply.reset()
  })
  const { client, response } = await exchange(context, get(context.token, [], '/first'))
  demandOk(response)
  await pause(settleMs)
  const fields = method === 'POST' ? ['Content-Length: 1'] : []
  client.send(request(method, context.token, fields, method === 'POST' ? 'x' : '', '/second'))
  const answer = await client.response()
  const seconds = context.replica
    .seen(context.token)
    .filter((seen) => seen.request.target.endsWith('/second'))
  if (seconds[0]?.index === 0) throw new NotApplicable("does not use a replica's connection again")
  return { status: answer.status, tries: seconds.length }
}

/** Rows 25, 60, 69, 76, 78, 79, 84 and 85: connections, their order and their ends. */
export const connectionCases: readonly ConformanceCase[] = [
  {
    id: '25a',
    row: 25,
    rfc: 'RFC 9112 §9.3.2',
    title: 'two pipelined requests of different sessions go to their own replicas, answers in order',
    run: async (context) => {
      const keys = await twoKeys(context)
      context.answer(async (seen, reply) => {
        if (seen.request.target.endsWith('/0')) await pause(100)
        reply.send(ok(seen.request.target))
      })
      const client = await context.connect()
      client.send(keys.map(([key], index) => keyed(context, key, `/${index}`)).join(''))
      for (const [index, [key, home]] of keys.entries()) {
        const response = await client.response()
        demandOk(response)
        demand(response.body.endsWith(`/${index}`), 'answers out of order')
        const sent = context.replica.seen(key).find((each) => each.request.target.endsWith(`/${index}`))
        demand(sent?.connection.replica === home, `session ${index} goes to another replica`)
      }
      return passed
    },
  },
  {
    id: '25b',
    row: 25,
    rfc: 'RFC 9110 §3.3',
    title: 'requests of one session on several connections go to one replica',
    run: async (context) => {
      for (const [key, home] of await twoKeys(context)) {
        for (let index = 0; index < 5; index++) await exchange(context, keyed(context, key, `/${index}`))
        const homes = new Set(context.replica.seen(key).map((seen) => seen.connection.replica))
        demand(homes.size === 1 && homes.has(home), 'the session moves between replicas')
      }
      return passed
    },
  },
  {
    id: '25c',
    row: 25,
    rfc: 'RFC 9112 §9.3',
    title: 'requests of different sessions on one kept connection go to their own replicas',
    source: 'http-request-smuggler, ConnectionStateScan',
    run: async (context) => {
      const keys = await twoKeys(context)
      const client = await context.connect()
      for (let index = 0; index < 6; index++) {
        const [key = '', home] = keys[index % 2] ?? []
        client.send(keyed(context, key, `/kept${index}`))
        demandOk(await client.response())
        const sent = context.replica.seen(key).find((each) => each.request.target.endsWith(`/kept${index}`))
        demand(sent?.connection.replica === home, 'the connection decides, not the session')
      }
      return passed
    },
  },
  {
    id: '60a',
    row: 60,
    rfc: 'RFC 9112 §9.3.1',
    title: 'a GET whose used connection is reset is sent once more on a fresh one',
    run: async (context) => {
      const { status, tries } = await onUsedConnection(context, 'GET', '')
      demand(status === 200, `answers ${status}`)
      demand(tries === 2, `tries ${tries} times`)
      return passed
    },
  },
  {
    id: '60b',
    row: 60,
    rfc: 'RFC 9110 §9.2.2',
    title: 'a POST whose used connection is reset is never sent again: 502',
    run: async (context) => {
      const { status, tries } = await onUsedConnection(context, 'POST', '')
      demand(tries === 1, `tries ${tries} times`)
      demand(status === 502, `answers ${status}`)
      return passed
    },
  },
  {
    id: '60c',
    row: 60,
    rfc: 'RFC 9110 §9.2.2',
    title: 'a GET is not sent again once a byte of its answer has come: 502',
    run: async (context) => {
      const { status, tries } = await onUsedConnection(context, 'GET', 'HTTP/1.1 20')
      demand(tries === 1, `tries ${tries} times`)
      demand(status === 502, `answers ${status}`)
      return passed
    },
  },
  ...(['GET', 'POST'] as const).map(
    (method, index): ConformanceCase => ({
      id: `85${'ab'[index]}`,
      row: 85,
      rfc: 'RFC 9110 §15.6.3',
      title: `a ${method} whose fresh connection always closes without an answer gets 502`,
      source: 'HAProxy reg-tests, truncated',
      run: async (context) => {
        context.answer(async (_seen, reply) => {
          await reply.wholeRequest()
          reply.end()
        })
        const fields = method === 'POST' ? ['Content-Length: 1'] : []
        const { response } = await exchange(
          context,
          request(method, context.token, fields, method === 'POST' ? 'x' : ''),
        )
        demand(response.status === 502, `answers ${response.status}`)
        const tries = context.replica.seen(context.token).length
        demand(tries <= (method === 'POST' ? 1 : 5), `tries ${tries} times`)
        return passed
      },
    }),
  ),
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
  {
    id: '76a',
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
    source: 'h1spec, pipelining; HAProxy reg-tests',
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

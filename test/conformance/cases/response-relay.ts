import { type ConformanceCase, demand, passed, pause } from '../case.ts'
import { demandOk, exchange, get, post, postChunked, settleMs } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok, type Reply, type SeenRequest } from '../recording-replica.ts'

const earlyHints = 'HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n'
const eventStream = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
const event = (text: string) => `${(text.length + 8).toString(16)}\r\ndata: ${text}\n\n\r\n`

/** How soon a replica must learn that its client left: 100 ms, and as much again for a busy test machine. */
const leaveMs = 200

function demandLeft({ connection }: SeenRequest, leftAtMs: number): void {
  const tookMs = Math.round((connection.closedAtMs ?? Number.POSITIVE_INFINITY) - leftAtMs)
  demand(tookMs <= leaveMs, `the replica learns it after ${tookMs} ms`)
}

/** Rows 46, 53, 54, 63, 68, 70, 75 and 77: what of an answer reaches the client, and when. */
export const responseRelayCases: readonly ConformanceCase[] = [
  {
    id: '46a',
    row: 46,
    rfc: 'RFC 6265 §3',
    title: 'three Set-Cookie lines stay three, in order',
    run: async (context) => {
      context.answer((_seen, reply) =>
        reply.send(ok('ok', ['Set-Cookie: a=1', 'Set-Cookie: b=2; Path=/', 'Set-Cookie: a=3'])),
      )
      const { response } = await exchange(context, get(context.token))
      demandOk(response)
      const cookies = valuesOf(response.fields, 'set-cookie').filter((value) => /^[ab]=\d/.test(value))
      demand(cookies.join() === 'a=1,b=2; Path=/,a=3', `relays ${cookies.join()}`)
      return passed
    },
  },
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
      return passed
    },
  },
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
  {
    id: '75a',
    row: 75,
    rfc: 'RFC 9110 §7.7, §15.4.5',
    title: '206, 304, 404 and 599 are relayed with their own fields',
    source: 'cache-tests, relayed fields',
    run: async (context) => {
      const [port] = context.replica.ports
      for (const status of [206, 304, 404, 599]) {
        const body = status === 304 ? '' : 'Content-Length: 2\r\n'
        context.answer((_seen, reply) =>
          reply.send(
            `HTTP/1.1 ${status} Some Reason\r\nETag: "e${port}"\r\nVary: X\r\nAge: 7\r\nContent-Range: bytes 0-1/9\r\n${body}\r\n${status === 304 ? '' : 'ok'}`,
          ),
        )
        const { response } = await exchange(context, get(context.token, [], `/${status}`))
        demand(response.status === status, `answers ${response.status} for ${status}`)
        for (const name of ['etag', 'vary', 'age', 'content-range']) {
          demand(valuesOf(response.fields, name).length === 1, `loses ${name} of ${status}`)
        }
      }
      return passed
    },
  },
  {
    id: '75b',
    row: 75,
    rfc: 'RFC 9111 §2',
    title: 'an answer that may be cached is not answered again without the replica',
    source: 'cache-tests',
    run: async (context) => {
      context.answer((_seen, reply) => reply.send(ok('ok', ['Cache-Control: max-age=60'])))
      await exchange(context, get(context.token))
      await exchange(context, get(context.token))
      const count = context.replica.seen(context.token).length
      demand(count === 2, `the replica sees ${count} of 2 requests`)
      return passed
    },
  },
  {
    id: '75c',
    row: 75,
    rfc: 'RFC 9110 §8.4',
    title: 'an encoded body is relayed byte for byte',
    run: async (context) => {
      const body = String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))
      context.answer((_seen, reply) => reply.send(ok(body, ['Content-Encoding: br'])))
      const { response } = await exchange(context, get(context.token, ['Accept-Encoding: br']))
      demandOk(response)
      demand(response.body === body, 'the body is changed')
      return passed
    },
  },
  {
    id: '77a',
    row: 77,
    rfc: 'RFC 9110 §6.6.1',
    title: 'an answer without Date gets one',
    run: async (context) => {
      context.answer((_seen, reply) => reply.send(ok('ok')))
      const { response } = await exchange(context, get(context.token))
      demandOk(response)
      const [date = ''] = valuesOf(response.fields, 'date')
      demand(date !== '', 'adds no Date')
      demand(Math.abs(Date.parse(date) - Date.now()) < 120_000, `adds Date: ${date}`)
      return passed
    },
  },
  {
    id: '80a',
    row: 80,
    rfc: 'RFC 9112 §7.1',
    title: 'bodies of 2 MB, both ways, arrive whole',
    run: async (context) => {
      const block = '0123456789abcdef'.repeat(0x2000)
      context.answer(async ({ request }, reply) => {
        await reply.wholeRequest()
        reply.send(ok(request.body))
      })
      const chunks = `20000\r\n${block}\r\n`.repeat(16)
      const { response } = await exchange(context, postChunked(context.token, `${chunks}0\r\n\r\n`), {
        waitMs: 5000,
      })
      demandOk(response)
      demand(response.body === block.repeat(16), `${response.body.length} bytes come back`)
      return passed
    },
  },
]

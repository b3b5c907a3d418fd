import { type ConformanceCase, demand, passed } from '../case.ts'
import { demandOk, exchange, get, postChunked } from '../exchange.ts'
import { valuesOf } from '../parse-response.ts'
import { ok } from '../recording-replica.ts'

/** Rows 46, 75, 77 and 80: what of an answer reaches the client. */
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

import { type CaseContext, type ConformanceCase, demand, NotApplicable, passed, pause } from '../case.ts'
import { demandOk, exchange, get, request, settleMs } from '../exchange.ts'
import { ok } from '../recording-replica.ts'

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

/** Rows 60 and 85: connections that end before the answer, and which requests may be sent again. */
export const usedConnectionCases: readonly ConformanceCase[] = [
  {
    id: '60a',
    stricterThanRfc: true,
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
    stricterThanRfc: true,
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
]

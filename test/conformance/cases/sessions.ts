import { type CaseContext, type ConformanceCase, demand, NotApplicable, passed, pause } from '../case.ts'
import { demandOk, exchange } from '../exchange.ts'
import { ok } from '../recording-replica.ts'

const keyed = (context: CaseContext, key: string, path: string) =>
  `GET /${context.token}${path} HTTP/1.1\r\nHost: a\r\nx-session: ${key}\r\n\r\n`

/** Two session keys that live on different replicas, and where each lives. */
async function twoKeys(context: CaseContext): Promise<readonly (readonly [key: string, replica: number])[]> {
  if (context.replica.ports.length < 2) throw new NotApplicable('needs two replicas behind the proxy')
  const homes = new Map<number, string>()
  for (let attempt = 0; attempt < 40 && homes.size < 2; attempt++) {
    const key = `key-${context.token}-${attempt}.`
    await exchange(context, keyed(context, key, '/probe'))
    const home = context.replica.seen(key)[0]?.connection.replica
    if (home !== undefined && !homes.has(home)) homes.set(home, key)
  }
  demand(homes.size === 2, 'sends every session to one replica')
  return [...homes].map(([home, key]) => [key, home])
}

/** An order that no proxy hits which takes replicas in turn. */
function inUnevenOrder<T>(pair: readonly T[]): readonly T[] {
  return [0, 0, 1, 0, 1, 1].flatMap((index) => pair.slice(index, index + 1))
}

/** Row 25: requests of several sessions on one connection, and of one session on several. */
export const sessionCases: readonly ConformanceCase[] = [
  {
    id: '25a',
    stricterThanRfc: true,
    row: 25,
    rfc: 'RFC 9112 §9.3.2',
    title: 'two pipelined requests of different sessions go to their own replicas, answers in order',
    run: async (context) => {
      const order = inUnevenOrder(await twoKeys(context))
      context.answer(async (seen, reply) => {
        if (seen.request.target.endsWith('/0')) await pause(100)
        reply.send(ok(seen.request.target))
      })
      const client = await context.connect()
      client.send(order.map(([key], index) => keyed(context, key, `/${index}`)).join(''))
      for (const [index, [key, home]] of order.entries()) {
        const response = await client.response()
        demandOk(response)
        demand(response.body.endsWith(`/${index}`), 'answers out of order')
        const sent = context.replica.seen(key).find((each) => each.request.target.endsWith(`/${index}`))
        demand(sent?.connection.replica === home, 'a session goes to another replica')
      }
      return passed
    },
  },
  {
    id: '25b',
    stricterThanRfc: true,
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
    stricterThanRfc: true,
    row: 25,
    rfc: 'RFC 9112 §9.3',
    title: 'requests of different sessions on one kept connection go to their own replicas',
    source: 'http-request-smuggler, ConnectionStateScan',
    run: async (context) => {
      const client = await context.connect()
      for (const [index, [key, home]] of inUnevenOrder(await twoKeys(context)).entries()) {
        client.send(keyed(context, key, `/kept${index}`))
        demandOk(await client.response())
        const sent = context.replica.seen(key).find((each) => each.request.target.endsWith(`/kept${index}`))
        demand(sent?.connection.replica === home, 'the connection decides, not the session')
      }
      return passed
    },
  },
]

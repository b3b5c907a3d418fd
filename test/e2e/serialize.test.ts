import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client, forEach } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { startRouter } from '../kit/router.ts'
import { okResponse, startScriptedReplica } from '../kit/scripted-replica.ts'

function config(url: string): string {
  return `services:\n  - { name: app, serialize: true, replicas: ['${url}'] }\n`
}

describe("a session's requests, where they are to go one at a time, on two workers", () => {
  test('reach the replica one after the other in the order in which they came', async () => {
    const underWay = new Map<string, number>()
    const order = new Map<string, number[]>()
    let most = 0
    let mostOfOne = 0
    await using replica = await startScriptedReplica({
      '/n': ({ query, fields, socket }) => {
        const session = fields.get('x-session-id')!
        const now = (underWay.get(session) ?? 0) + 1
        underWay.set(session, now)
        mostOfOne = Math.max(mostOfOne, now)
        most = Math.max(
          most,
          [...underWay.values()].reduce((sum, count) => sum + count, 0),
        )
        order.set(session, [...(order.get(session) ?? []), Number(query.get('n'))])
        setTimeout(() => {
          underWay.set(session, underWay.get(session)! - 1)
          socket.write(okResponse('done'))
        }, 5)
      },
    })
    await using router = await startRouter({ config: config(replica.url) })
    using client = new Client(router.port, 64)
    const sessions = ['a', 'b', 'c', 'd']
    const requests = Array.from({ length: 80 }, (_, index) => ({
      n: index >> 2,
      session: sessions[index % 4]!,
    }))
    const answers: Promise<unknown>[] = []
    for (const { n, session } of requests) {
      answers.push(client.ask(`/n?n=${n}`, { headers: { 'x-session-id': session } }))
      // So that the order of their coming is certain, on connections that different workers hold.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await Promise.all(answers)
    assert.equal(mostOfOne, 1)
    assert.ok(most > 1, 'sessions do not wait for each other')
    for (const session of sessions)
      assert.deepEqual(
        order.get(session),
        Array.from({ length: 20 }, (_, n) => n),
      )
  })

  test('wait with their bodies, and go on when the one before them is gone', async () => {
    let hang: (() => void) | undefined
    await using replica = await startScriptedReplica({
      '/hang': ({ socket }) => {
        hang = () => socket.write(okResponse('late'))
      },
      '/body': async ({ socket, complete, ...request }) => {
        await complete
        void request
        socket.write(okResponse('taken'))
      },
    })
    await using router = await startRouter({ config: config(replica.url) })
    using client = new Client(router.port)
    const headers = { 'x-session-id': 'a' }
    const gone = new AbortController()
    const first = fetch(`${router.url}/hang`, { headers, signal: gone.signal })
    await until('the first is under way', () => hang)
    const bodies = [10, 100_000, 3_000_000].map((bytes) =>
      client.ask('/body', { method: 'POST', headers, body: 'x'.repeat(bytes) }),
    )
    const other = await client.ask('/free', { headers: { 'x-session-id': 'b' } })
    assert.equal(other.body, '/free')
    assert.equal(replica.requests.filter(({ path }) => path === '/body').length, 0)
    gone.abort()
    await assert.rejects(first)
    for (const answer of await Promise.all(bodies)) assert.equal(answer.body, 'taken')
    const seen = replica.requests.filter(({ path }) => path === '/body').map(({ bodyBytes }) => bodyBytes)
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      [10, 100_000, 3_000_000],
    )
  })

  test('are refused where too many wait, and leave no one waiting who has gone', async () => {
    let answerFirst: (() => void) | undefined
    await using replica = await startScriptedReplica({
      '/hang': ({ socket }) => {
        answerFirst = () => socket.write(okResponse('late'))
      },
    })
    await using router = await startRouter({ config: config(replica.url) })
    using client = new Client(router.port, 200)
    const headers = { 'x-session-id': 'a' }
    const first = client.ask('/hang', { headers })
    await until('the first is under way', () => answerFirst)
    const statuses: number[] = []
    const rest = forEach(
      Array.from({ length: 110 }, (_, n) => n),
      110,
      async () => {
        statuses.push((await client.ask('/', { headers })).status)
      },
    )
    await until('ten are refused', () => statuses.length === 10)
    answerFirst!()
    await Promise.all([first, rest])
    assert.deepEqual(
      [
        statuses.filter((status) => status === 503).length,
        statuses.filter((status) => status === 200).length,
      ],
      [10, 100],
    )
  })
})

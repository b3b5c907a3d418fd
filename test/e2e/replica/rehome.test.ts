/** Model servers that share their sessions, behind the router: what a client sees when one of them is lost. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ModelServer,
  startModelServer,
} from '../../../packages/replica/src/start-model-server.fixture.ts'
import { filePlace, redisPlace } from '../../../packages/replica/src/store/place.fixture.ts'
import { until } from '../../kit/process.ts'
import { startRouter, type TestRouter } from '../../kit/router.ts'
import { SagemakerClient } from '../../kit/sagemaker-client.ts'

const names = ['a', 'b'] as const
type Name = (typeof names)[number]
type Servers = Readonly<Record<Name, ModelServer>>

interface Answer {
  readonly name: Name
  readonly said: readonly string[]
}

function startRouterFor(servers: Servers, more = ''): Promise<TestRouter> {
  const replicas = names.map((name) => `{ url: '${servers[name].url}', name: ${name} }`)
  return startRouter({
    config: `services:
  - name: media
    dialect: sagemaker
    onLost: rehome
    replicas: [${replicas.join(', ')}]
${more}`,
  })
}

async function say(client: SagemakerClient, id: string, text: string, more: object = {}): Promise<Answer> {
  const { body } = await client.invoke({
    SessionId: id,
    ContentType: 'application/json',
    Body: JSON.stringify({ say: text, ...more }),
  })
  return JSON.parse(body)
}

const otherThan = (name: Name): Name => (name === 'a' ? 'b' : 'a')

for (const [kind, makePlace] of [
  ['one path', async () => filePlace().then((place) => ({ place, at: place.path }))],
  ['one Redis server', async () => redisPlace().then((place) => ({ place, at: place.url }))],
] as const) {
  describe(`two model servers with their sessions at ${kind}`, () => {
    test('all sessions of one that is killed go on at the other with their state', async () => {
      const { place, at } = await makePlace()
      await using _ = place
      await using a = await startModelServer('a', at)
      await using b = await startModelServer('b', at)
      await using router = await startRouterFor({ a, b })
      using client = new SagemakerClient(router.url, 'media')
      const sessions: { id: string; home: Name; film: Buffer }[] = []
      for (let index = 0; index < 20; index++) {
        const id = await client.begin()
        const film = Buffer.alloc(1_500_000, `film ${index} `)
        await client.invoke({ SessionId: id, ContentType: 'video/mp4', Body: film })
        sessions.push({ id, home: (await say(client, id, 'before')).name, film })
      }
      const lost = sessions.filter(({ home }) => home === 'b')
      assert.ok(lost.length > 0 && lost.length < sessions.length, `${lost.length} at b`)

      b.child.kill('SIGKILL')
      await b.exited
      for (const { id, film } of sessions) {
        assert.deepEqual((await say(client, id, 'after')).said, ['before', 'after'])
        const { body } = await client.invoke({
          SessionId: id,
          ContentType: 'application/json',
          Body: '{"film":true}',
        })
        assert.ok(body === film.toString(), `the film of ${id}`)
        const { closedSession } = await client.invoke({
          SessionId: id,
          ContentType: 'application/json',
          Body: '{"requestType":"CLOSE"}',
        })
        assert.equal(closedSession, id)
      }
      assert.equal((await router.metrics()).sum('limpet_rehomes_total'), lost.length)
    })

    test('one that was paused and goes on can not overwrite what its successor wrote', async () => {
      const { place, at } = await makePlace()
      await using _ = place
      await using a = await startModelServer('a', at)
      await using b = await startModelServer('b', at)
      const servers = { a, b }
      await using router = await startRouterFor(servers, '    health: { interval: 100ms, unhealthy: 1 }\n')
      using client = new SagemakerClient(router.url, 'media')
      const id = await client.begin()
      const home = (await say(client, id, 'first')).name
      const arrival = servers[home].arrival()
      const late = say(client, id, 'of the old home', { waitMs: 300 })
      late.catch(() => {})
      await arrival
      servers[home].child.kill('SIGSTOP')
      await until('the router sees that it hangs', async () => {
        const metrics = await router.metrics()
        return metrics.sum('limpet_replica_state', { replica: home, state: 'down' }) === 1
      })
      const { name, said } = await say(client, id, 'of the successor')
      assert.deepEqual([name, said], [otherThan(home), ['first', 'of the successor']])
      servers[home].child.kill('SIGCONT')
      await assert.rejects(late, { name: 'ModelError', OriginalStatusCode: 409 })
      assert.deepEqual((await say(client, id, 'third')).said, ['first', 'of the successor', 'third'])
    })
  })
}

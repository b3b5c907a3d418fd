import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Client, forEach, tally } from '../kit/client.ts'
import { startModelContainer } from '../kit/model-container.ts'
import { until } from '../kit/process.ts'
import { startRedis } from '../kit/redis-server.ts'
import { replicaLines, startReplicas, type TestReplica } from '../kit/replica.ts'
import { runLimpet, startRouter, type TestRouter, temporaryFolder } from '../kit/router.ts'
import { SagemakerClient } from '../kit/sagemaker-client.ts'

const env = { LIMPET_KEYS: `1:${Buffer.alloc(32, 5).toString('base64url')}` }
const names = Array.from({ length: 200 }, (_, index) => `s${index}`)

function start(replicas: readonly TestReplica[], store: string, more = ''): Promise<TestRouter> {
  const config = `services:\n  - name: app\n${more}    replicas:\n${replicaLines(replicas)}`
  return startRouter({ config, env, args: ['--store', store] })
}

/** Sends one request of each session; resolves to their homes, and tells the decisions. */
async function askAll(router: TestRouter): Promise<{ homes: (string | undefined)[]; decisions: object }> {
  using client = new Client(router.port)
  const answers = await forEachOf(names, (name) => client.ask('/', { headers: { 'x-session-id': name } }))
  return {
    homes: answers.map(({ replica }) => replica),
    decisions: tally(answers.map(({ decision }) => decision)),
  }
}

async function forEachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const places = items.map((_, place) => place)
  await forEach(places, 16, async (place) => {
    results[place] = await work(items[place]!)
  })
  return results
}

const isUp = (router: TestRouter) =>
  until('the store is up', async () => (await router.metrics()).sum('limpet_store_up') === 1)
const written = (router: TestRouter, count: number) =>
  until(`${count} records are written`, async () => {
    const metrics = await router.metrics()
    return metrics.sum('limpet_store_writes_total') >= count && metrics.sum('limpet_store_queue') === 0
  })

/** Where the tests' stores are. */
const places = {
  async sqlite() {
    const folder = await temporaryFolder()
    return {
      url: `sqlite:${join(folder.path, 'pins.db')}`,
      [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
    }
  },
  redis: () => startRedis({ password: 'hush hush' }),
}

for (const [kind, makePlace] of Object.entries(places)) {
  describe(`routers with a store in ${kind}`, () => {
    test('know sessions from before a restart, also those that hashing would place elsewhere now', async () => {
      await using place = await makePlace()
      await using replicas = await startReplicas(5)
      let before: (string | undefined)[]
      {
        await using router = await start(replicas.slice(0, 3), place.url)
        await isUp(router)
        before = (await askAll(router)).homes
        router.signal('SIGTERM')
        assert.equal((await router.exited).code, 0)
      }
      await using router = await start(replicas, place.url)
      await isUp(router)
      const after = await askAll(router)
      assert.deepEqual(after.homes, before)
      assert.deepEqual(after.decisions, { hit: names.length })
      assert.equal((await router.metrics()).sum('limpet_store_reads_total', { result: 'hit' }), names.length)
      // What is known is asked for no more.
      await askAll(router)
      assert.equal((await router.metrics()).sum('limpet_store_reads_total'), names.length)
    })

    test('bring a session to one home whichever of them it comes to', async () => {
      await using place = await makePlace()
      await using replicas = await startReplicas(4)
      await using one = await start(replicas, place.url)
      await using two = await start([...replicas].reverse(), place.url)
      await Promise.all([isUp(one), isUp(two)])
      const first = await askAll(one)
      await written(one, names.length)
      const second = await askAll(two)
      assert.deepEqual(second.homes, first.homes)
      assert.deepEqual(second.decisions, { hit: names.length })
      // A home is lost: where one router moves its sessions to, the other goes.
      const lost = replicas[0]!
      await lost.kill()
      const moved = await askAll(one)
      const count = first.homes.filter((home) => home === lost.name).length
      await until('the other has heard of them', async () => {
        return (await two.metrics()).sum('limpet_store_announcements_total') >= count
      })
      const followed = await askAll(two)
      assert.deepEqual(followed.homes, moved.homes)
      assert.deepEqual(followed.decisions, { hit: names.length })
    })

    test('end a session for all of them', async () => {
      await using place = await makePlace()
      await using a = await startModelContainer('a')
      const config = `services:\n  - { name: media, dialect: sagemaker, replicas: ['${a.url}'] }\n`
      await using one = await startRouter({ config, env, args: ['--store', place.url] })
      await using two = await startRouter({ config, env, args: ['--store', place.url] })
      await Promise.all([isUp(one), isUp(two)])
      using here = new SagemakerClient(one.url, 'media')
      using there = new SagemakerClient(two.url, 'media')
      const [byContainer, byOperator] = [await here.begin(), await here.begin()]
      for (const SessionId of [byContainer, byOperator]) await there.invoke({ SessionId })
      await here.invoke({ SessionId: byContainer, Body: '{"requestType":"CLOSE"}' })
      const admin = new URL(one.adminUrl).host
      assert.equal((await runLimpet(['sessions', 'close', byOperator, '--admin', admin])).code, 0)
      await until('the other has heard of it', async () => {
        return (await two.metrics()).sum('limpet_store_announcements_total') === 2
      })
      const closed = { name: 'ValidationError', message: /closed/ }
      await assert.rejects(there.invoke({ SessionId: byContainer }), closed)
      await assert.rejects(there.invoke({ SessionId: byOperator }), closed)
      // A router that never saw them asks.
      await using three = await startRouter({ config, env, args: ['--store', place.url] })
      await isUp(three)
      using late = new SagemakerClient(three.url, 'media')
      await assert.rejects(late.invoke({ SessionId: byContainer }), closed)
    })
  })
}

describe('a store that fails', () => {
  test('is said at the start and holds up nobody; what was to be written is, later', async () => {
    await using redis = await startRedis()
    await using replicas = await startReplicas(3)
    await redis.stop()
    await using router = await start(replicas, redis.url)
    await router.logged('that the store is down', ({ msg }) =>
      /store of pins can't be used/.test(String(msg)),
    )
    const { homes, decisions } = await askAll(router)
    assert.deepEqual(decisions, { new: names.length })
    await until('all wait', async () => {
      return (await router.metrics()).sum('limpet_store_queue') === names.length
    })
    await redis.restart()
    await router.logged('that it is up', ({ msg }) => /store of pins is (?:open|back)/.test(String(msg)))
    await written(router, names.length)
    await using other = await start([...replicas].reverse(), redis.url)
    await isUp(other)
    assert.deepEqual(await askAll(other), { homes, decisions: { hit: names.length } })
  })

  test('fails no request when it ends or hangs under load', { timeout: 90_000 }, async () => {
    await using redis = await startRedis()
    await using replicas = await startReplicas(3)
    await using router = await start(replicas, redis.url)
    await isUp(router)
    using client = new Client(router.port)
    let stop = false
    const statuses: number[] = []
    let slowestMs = 0
    const load = Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (let index = 0; !stop; index++) {
          const startMs = performance.now()
          const headers = { 'x-session-id': `w${worker}-${index >> 1}` }
          statuses.push((await client.ask('/', { headers })).status)
          slowestMs = Math.max(slowestMs, performance.now() - startMs)
        }
      }),
    )
    const isDown = () =>
      until('the store is down', async () => (await router.metrics()).sum('limpet_store_up') === 0)
    redis.pause()
    await isDown()
    redis.resume()
    await isUp(router)
    await redis.stop()
    await isDown()
    await redis.restart()
    await isUp(router)
    stop = true
    await load
    assert.deepEqual(tally(statuses.map(String)), { 200: statuses.length })
    assert.ok(statuses.length > 100)
    assert.ok(slowestMs < 3000, `${slowestMs} ms`)
    await until('all is written', async () => (await router.metrics()).sum('limpet_store_queue') === 0)
    assert.equal((await router.metrics()).sum('limpet_store_dropped_total'), 0)
  })

  test('keeps no more than it may, and counts the rest', async () => {
    await using redis = await startRedis()
    await using replicas = await startReplicas(1)
    await redis.stop()
    const config = `store: { url: '${redis.url}', queue: 1000 }\nservices:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`
    await using router = await startRouter({ config, env })
    using client = new Client(router.port)
    const sessions = Array.from({ length: 1200 }, (_, index) => `q${index}`)
    await forEachOf(sessions, (name) => client.ask('/', { headers: { 'x-session-id': name } }))
    await until('all notes are in', async () => {
      const metrics = await router.metrics()
      return metrics.sum('limpet_store_queue') === 1000 && metrics.sum('limpet_store_dropped_total') === 200
    })
    await router.logged('that it is full', ({ msg }) => /no room for a pin/.test(String(msg)))
  })

  test('shows no password in logs', async () => {
    await using replicas = await startReplicas(1)
    await using router = await start(replicas, 'redis://user:hunter2@127.0.0.1:1')
    await router.logged('that the store is down', ({ msg }) =>
      /store of pins can't be used/.test(String(msg)),
    )
    assert.doesNotMatch(JSON.stringify(router.log), /hunter2/)
  })
})

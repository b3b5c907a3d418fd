/** What two routers on one store promise, whichever store it is. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../../test/kit/process.ts'
import { type RedisServer, startRedis } from '../../../../test/kit/redis-server.ts'
import { temporaryFolder } from '../../../../test/kit/router.ts'
import { PinScan } from '../session/pin-scan.ts'
import { pinKey } from '../session/store/pin-store.ts'
import { sampleKey, startStoreRouter, ttlMs } from './store-router.fixture.ts'

let redis: RedisServer
let folder: Awaited<ReturnType<typeof temporaryFolder>>
before(async () => {
  redis = await startRedis()
  folder = await temporaryFolder()
})
after(async () => {
  await redis[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const stores: [name: string, url: () => string][] = [
  ['Redis', () => redis.url],
  ['a SQLite file', () => `sqlite:${join(folder.path, `${randomBytes(4).toString('hex')}.db`)}`],
]

for (const [name, urlOf] of stores) {
  describe(`two routers on ${name}`, () => {
    /** They know the replicas by different ids, in another order, and the second one knows one more. */
    const two = async () => {
      const url = urlOf()
      const stack = new AsyncDisposableStack()
      const one = stack.use(await startStoreRouter(url, ['a', 'b', 'c'], 10))
      const other = stack.use(await startStoreRouter(url, ['d', 'c', 'b', 'a'], 500))
      return { one, other, url, [Symbol.asyncDispose]: () => stack.disposeAsync() }
    }
    const written = (router: { keeper: { stats(): { written: number } } }, count = 1) =>
      until('it is written', () => router.keeper.stats().written >= count)

    test('a session that one has placed is found by the other', async () => {
      await using routers = await two()
      const { one, other } = routers
      const key = sampleKey()
      one.place(key, 'b')
      await written(one)
      assert.equal(await other.lookup(key), true)
      assert.equal(other.home(key), 'b')
      assert.equal(await other.lookup(sampleKey()), false)
      const { hit, miss } = other.keeper.stats().reads
      assert.deepEqual([hit, miss], [1, 1])
    })

    test('a session that both place at once ends up on one replica, that of the first', async () => {
      await using routers = await two()
      const { one, other } = routers
      const keys = Array.from({ length: 100 }, sampleKey)
      for (const [index, key] of keys.entries()) {
        one.place(key, 'a')
        if (index % 2 === 0) other.place(key, 'b')
      }
      await until('they agree', () => keys.every((key) => other.home(key) !== 'b' || one.home(key) === 'b'))
      await written(one, 100)
      await written(other, 50)
      for (const [index, key] of keys.entries())
        if (index % 2 === 0) assert.equal(one.home(key), other.home(key))
      assert.equal(one.keeper.stats().lost + other.keeper.stats().lost, 50)
    })

    test('a session that one re-homes or closes is so for the other, which need not ask', async () => {
      await using routers = await two()
      const { one, other } = routers
      const [moved, closed, carried] = [sampleKey(), sampleKey(), sampleKey()]
      for (const key of [moved, closed]) {
        one.place(key, 'a')
        other.place(key, 'a')
      }
      await written(one, 2)
      await written(other, 2)
      one.move(moved, 'a', 'c')
      one.close(closed)
      other.close(carried)
      await until('the other knows', () => other.home(moved) === 'c' && other.home(closed) === 'closed')
      await until('the first knows', () => one.home(carried) === 'closed')
      assert.deepEqual(Object.values(other.keeper.stats().reads), [0, 0, 0, 0, 0])
      assert.equal(other.pins.look(moved, Date.now()) && other.pins.epoch, 1)
    })

    test('a router that has been away has nothing to ask for but what it does not know', async () => {
      const url = urlOf()
      const keys = Array.from({ length: 3 }, sampleKey)
      {
        await using before = await startStoreRouter(url)
        before.place(keys[0]!, 'a')
        before.place(keys[1]!, 'a')
        before.move(keys[1]!, 'a', 'b')
        before.close(keys[2]!)
      }
      await using after = await startStoreRouter(url, ['c', 'b', 'a'])
      for (const key of keys) assert.equal(await after.lookup(key), true)
      assert.deepEqual(
        keys.map((key) => after.home(key)),
        ['a', 'b', 'closed'],
      )
    })

    test('requests of sessions that the table knows cost the store nothing', async () => {
      await using routers = await two()
      const { one } = routers
      const keys = Array.from({ length: 50 }, sampleKey)
      for (const key of keys) one.place(key, 'a')
      await written(one, 50)
      const { calls } = one.keeper.stats()
      for (let round = 0; round < 1000; round++)
        for (const key of keys) assert.ok(one.pins.find(key, Date.now() + round * 10, ttlMs))
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(one.keeper.stats().calls, calls)
      assert.equal(one.keeper.stats().queue, 0)
    })

    test('a session whose replica one does not know is none to it, and counted', async () => {
      await using routers = await two()
      const { one, other } = routers
      const [placed, moved] = [sampleKey(), sampleKey()]
      other.place(placed, 'd')
      other.place(moved, 'a')
      other.move(moved, 'a', 'd')
      await written(other, 2)
      assert.equal(await one.lookup(placed), false)
      assert.equal(one.home(placed), undefined)
      await until('both are counted', () => one.keeper.stats().unknown === 2)
    })

    test('a placement that came to nothing is withdrawn', async () => {
      await using routers = await two()
      const { one, other } = routers
      const key = sampleKey()
      one.place(key, 'a')
      await written(one)
      one.pins.remove(key)
      one.journal.forget(key, 10, 0)
      one.place(key, 'b')
      await written(one, 3)
      assert.equal(await other.lookup(key), true)
      assert.equal(other.home(key), 'b')
      assert.equal(one.home(key), 'b')
    })

    test('a key whose third word is 0 leads to the same record from a request and from a walk', async () => {
      await using routers = await two()
      const { one, other } = routers
      const key = sampleKey()
      key[2] = 0
      one.place(key, 'c')
      await written(one)
      new PinScan(one.memory).walk(0, one.memory.buckets, (pin) => {
        one.keeper.offer(pinKey(pin.key), pin.replica, pin.epoch, pin.expiresAtMs, pin.deadlineMs)
      })
      await written(one, 2)
      assert.equal(one.keeper.stats().lost, 0)
      assert.equal(await other.lookup(key), true)
      assert.equal(pinKey(key).slice(16, 24), '00000001')
    })
  })
}

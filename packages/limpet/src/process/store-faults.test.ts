/** What a router promises when its store fails. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { freePort } from '../../../../test/kit/free-port.ts'
import { until, within } from '../../../../test/kit/process.ts'
import { startRedis } from '../../../../test/kit/redis-server.ts'
import { temporaryFolder } from '../../../../test/kit/router.ts'
import { storeSchema } from '../config/store-schema.ts'
import { pinKey } from '../session/store/pin-store.ts'
import { type StoreRouter, sampleKey, startStoreRouter } from './store-router.fixture.ts'

const down = "the store of pins can't be used; routing goes on without it"
const back = 'the store of pins is back'
const open = 'the store of pins is open'
const said = (router: StoreRouter) => router.log.map(({ msg }) => msg)
const isUp = (router: StoreRouter) => until('the store is up', () => router.keeper.stats().up)
const isWritten = (router: StoreRouter) =>
  until('all is written', () => router.keeper.stats().queue === 0, 20_000)

test('a Redis that is killed under writes and started anew gets all that was noted', {
  timeout: 60_000,
}, async () => {
  await using redis = await startRedis()
  await using one = await startStoreRouter(redis.url)
  const keys: Uint32Array[] = []
  const place = () => {
    for (let count = 0; count < 20; count++) {
      const key = sampleKey()
      keys.push(key)
      one.place(key, 'b')
    }
  }
  const placing = setInterval(place, 5)
  try {
    await until('some are written', () => one.keeper.stats().written > 200)
    await redis.stop()
    await until('the router notices', () => !one.keeper.stats().up)
    const { length } = keys
    await until('more come meanwhile', () => keys.length > length + 200)
    assert.equal(
      one.journal.lookup(keys[0]!, () => assert.fail('it was not asked')),
      undefined,
    )
    await redis.restart()
    await isUp(one)
  } finally {
    clearInterval(placing)
  }
  one.journal.flush()
  // What was written before the kill is lost with the server, and comes back from the table within a round.
  await until(
    'every pin is there',
    async () => {
      const count = await redis.call('DBSIZE')
      return Number(count.slice(1)) === keys.length
    },
    45_000,
  )
  await using other = await startStoreRouter(redis.url, ['c', 'b'])
  const found = await Promise.all(keys.map((key) => other.lookup(key)))
  assert.ok(found.every(Boolean))
  assert.ok(keys.every((key) => other.home(key) === 'b'))
  assert.deepEqual(said(one), [open, down, back])
  assert.deepEqual([one.keeper.stats().dropped, one.keeper.stats().lost], [0, 0])
})

test('a Redis that hangs keeps nobody waiting, and what was noted meanwhile is written when it is back', {
  timeout: 60_000,
}, async () => {
  await using redis = await startRedis()
  await using one = await startStoreRouter({ ...storeSchema.parse(redis.url), lookupTimeoutMs: 100 })
  redis.pause()
  const key = sampleKey()
  const began = performance.now()
  assert.equal(await one.lookup(key), false)
  assert.ok(performance.now() - began < 1000)
  assert.equal(one.keeper.stats().reads.timeout, 1)
  one.place(key, 'a')
  await until('the router notices', () => !one.keeper.stats().up)
  const lines = one.log.filter(({ msg }) => msg === down)
  assert.match(String(lines[0]?.reason), /no answer within 2000 ms/)
  redis.resume()
  await isUp(one)
  await isWritten(one)
  await using other = await startStoreRouter(redis.url)
  assert.equal(await other.lookup(key), true)
  assert.equal(other.home(key), 'a')
  assert.deepEqual(said(one), [open, down, back])
})

test('a router ends in time while its Redis hangs, and says what it could not store', {
  timeout: 60_000,
}, async () => {
  await using redis = await startRedis()
  const one = await startStoreRouter(redis.url)
  redis.pause()
  one.place(sampleKey(), 'a')
  one.journal.flush()
  await within(6000, 'the router ends', Promise.resolve(one[Symbol.asyncDispose]()))
  assert.ok(one.log.some(({ msg, left }) => msg === 'these pins were not stored' && left === 1))
})

test('a Redis that is not there at the start is used as soon as it is', { timeout: 60_000 }, async () => {
  const port = await freePort()
  const began = performance.now()
  await using one = await startStoreRouter(`redis://:hunter2@127.0.0.1:${port}`)
  assert.ok(performance.now() - began < 2500)
  const key = sampleKey()
  assert.equal(await one.lookup(key), false)
  assert.equal(one.keeper.stats().reads.skipped, 1)
  one.place(key, 'a')
  assert.equal(one.home(key), 'a')
  await using redis = await startRedis({ port, password: 'hunter2' })
  await isUp(one)
  await isWritten(one)
  await using other = await startStoreRouter(redis.url)
  assert.equal(await other.lookup(key), true)
  assert.deepEqual(said(one), [down, back])
  assert.match(String(one.log[0]?.reason), /ECONNREFUSED/)
  assert.doesNotMatch(JSON.stringify(one.log), /hunter2/)
})

test('a wrong password is said once, without it, and routing goes on', { timeout: 60_000 }, async () => {
  await using redis = await startRedis({ password: 'right' })
  await using one = await startStoreRouter(`redis://:hunter2@127.0.0.1:${redis.port}`)
  one.place(sampleKey(), 'a')
  assert.deepEqual(said(one), [down])
  assert.match(String(one.log[0]?.reason), /WRONGPASS/)
  assert.doesNotMatch(JSON.stringify(one.log), /hunter2/)
})

test('what finds no room while the store is down is counted and said; the rest is kept', {
  timeout: 60_000,
}, async () => {
  const port = await freePort()
  await using one = await startStoreRouter({ ...storeSchema.parse(`redis://127.0.0.1:${port}`), queue: 1000 })
  for (let count = 0; count < 1500; count++) one.place(sampleKey(), 'a')
  one.journal.flush()
  const { queue, dropped } = one.keeper.stats()
  assert.deepEqual([queue, dropped], [1000, 500])
  assert.equal(one.log.filter(({ msg }) => String(msg).startsWith('no room')).length, 1)
  await using redis = await startRedis({ port })
  await isUp(one)
  await isWritten(one)
  assert.equal(await redis.call('DBSIZE'), ':1000\r\n')
})

test('a SQLite file that can not be made is said once, and used as soon as it can', {
  timeout: 60_000,
}, async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'later', 'pins.db')
  await using one = await startStoreRouter(`sqlite:${path}`)
  const key = sampleKey()
  one.place(key, 'c')
  assert.deepEqual(said(one), [down])
  await mkdir(join(folder.path, 'later'))
  await isUp(one)
  await isWritten(one)
  await using other = await startStoreRouter(`sqlite:${path}`)
  assert.equal(await other.lookup(key), true)
  assert.deepEqual(said(one), [down, back])
})

test('a SQLite file that another process holds locked is waited for', { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'pins.db')
  await using one = await startStoreRouter(`sqlite:${path}`)
  const holder = new DatabaseSync(path)
  holder.exec('BEGIN IMMEDIATE')
  const key = sampleKey()
  one.place(key, 'a')
  await until('it waits', () => one.keeper.stats().calls > 0)
  assert.equal(await one.lookup(sampleKey()), false)
  assert.equal(one.keeper.stats().reads.miss, 1, 'readers are not kept waiting')
  holder.exec('COMMIT')
  holder.close()
  await isWritten(one)
  assert.deepEqual(said(one), [open])
})

test('what is no record in the store is left out and counted', { timeout: 60_000 }, async () => {
  await using redis = await startRedis()
  await using one = await startStoreRouter(redis.url)
  const key = sampleKey()
  await redis.call('SET', `limpet:pin:${pinKey(key)}`, 'what is this')
  assert.equal(await one.lookup(key), false)
  assert.equal(one.keeper.stats().invalid, 1)
  one.place(key, 'a')
  await until('it is replaced', () => one.keeper.stats().written === 1)
  await using other = await startStoreRouter(redis.url)
  assert.equal(await other.lookup(key), true)
})

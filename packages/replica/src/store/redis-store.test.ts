import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient } from '@redis/client'
import { until } from '../../../../test/kit/process.ts'
import { startRedis } from '../../../../test/kit/redis-server.ts'
import { NoSpaceError, SettingsError, StoreError } from '../errors.ts'
import { newRecord, putText, redisPlace, streamOf, textAt } from './place.fixture.ts'
import { createRedisStore } from './redis-store.ts'
import type { SessionStore } from './store.ts'

const MiB = 1024 * 1024

type Place = Awaited<ReturnType<typeof redisPlace>>
let place: Place
let store: SessionStore
let client: ReturnType<typeof connectionTo>

function connectionTo(url: string) {
  return createClient({ url }).on('error', () => {})
}

before(async () => {
  place = await redisPlace()
  store = await place.open()
  client = connectionTo(place.url)
  await client.connect()
})
after(async () => {
  client.destroy()
  await place[Symbol.asyncDispose]()
})

const keysOf = async (id: string) => (await client.keys(`*${id}*`)).sort()

test('every key holds at most 1 MiB, lies in the slot of its session and ends with its life', async () => {
  const record = newRecord()
  await store.create(record)
  const content = streamOf(Buffer.alloc(5 * MiB + MiB / 2), Buffer.alloc(MiB / 2 + 1))
  await store.write(record.id, 0, { key: 'film', kind: 'bytes', content })
  const keys = await keysOf(record.id)
  assert.equal(keys.length, 8)
  for (const key of keys) {
    assert.match(key, new RegExp(`^limpet:session:\\{${record.id}\\}`))
    assert.equal(await client.pExpireTime(key), record.expiresAtMs)
    if (key !== keys[0]) assert.ok((await client.strLen(key)) <= MiB)
  }
})

test('what is replaced, removed, refused or destroyed leaves no keys', async () => {
  const record = newRecord()
  await store.create(record)
  const put = (key: string, bytes: number) =>
    store.write(record.id, 0, { key, kind: 'bytes', content: streamOf(Buffer.alloc(bytes)) })
  await put('a', 3 * MiB)
  await put('a', 10)
  await put('b', 3 * MiB)
  await store.remove(record.id, 0, 'b')
  async function* broken() {
    yield Buffer.alloc(2 * MiB)
    throw new Error('broken off')
  }
  await assert.rejects(
    store.write(record.id, 0, { key: 'c', kind: 'bytes', content: broken() }),
    /broken off/,
  )
  async function* overtaken() {
    yield Buffer.alloc(2 * MiB)
    await store.open(record.id, 1)
  }
  await assert.rejects(store.write(record.id, 0, { key: 'd', kind: 'bytes', content: overtaken() }))
  assert.equal((await keysOf(record.id)).length, 2)
  await store.destroy(record.id, 1)
  assert.deepEqual(await keysOf(record.id), [])
})

test('a session vanishes with all its values when its life ends', async () => {
  const record = newRecord({ expiresAtMs: Date.now() + 300 })
  await store.create(record)
  await putText(store, record, 'a', '1')
  await until('the session is gone', async () => (await store.look(record.id)) === undefined)
  assert.equal(await store.read(record.id, 'a'), undefined)
  await until('its keys are gone', async () => (await keysOf(record.id)).length === 0)
})

test('a value that has lost a piece is an error, never a shorter value', async () => {
  const record = newRecord()
  await store.create(record)
  const write = () =>
    store.write(record.id, 0, { key: 'a', kind: 'bytes', content: streamOf(Buffer.alloc(3 * MiB)) })
  for (const lost of [0, 1, 2]) {
    await write()
    await client.del((await keysOf(record.id)).filter((key) => key.endsWith(`:${lost}`)))
    await assert.rejects(textAt(store, record.id, 'a'), StoreError)
  }
})

test('a value that is replaced while it is read is an error, never a mixture', async () => {
  const record = newRecord()
  await store.create(record)
  const write = (text: string) =>
    store.write(record.id, 0, { key: 'a', kind: 'bytes', content: streamOf(Buffer.alloc(8 * MiB, text)) })
  await write('1')
  const value = await store.read(record.id, 'a')
  await write('2')
  await assert.rejects(value!.content.toArray(), StoreError)
  assert.equal(await textAt(store, record.id, 'a'), `bytes: ${'2'.repeat(8 * MiB)}`)
})

test('commands fail while the server is away, at once, and work again when it is back', async () => {
  await using server = await startRedis()
  const store = await createRedisStore({ url: server.url, timeoutMs: 2000 })
  try {
    const record = newRecord()
    await store.create(record)
    await server.stop()
    await assert.rejects(store.look(record.id), StoreError)
    await server.restart()
    await until('it is back', () =>
      store.create(record).then(
        () => true,
        () => false,
      ),
    )
    await putText(store, record, 'a', '1')
    assert.equal(await textAt(store, record.id, 'a'), 'json: 1')
  } finally {
    await store.close()
  }
})

test('commands fail in time while the server hangs, and work again afterwards', async () => {
  await using server = await startRedis()
  const store = await createRedisStore({ url: server.url, timeoutMs: 500 })
  try {
    const record = newRecord()
    await store.create(record)
    server.pause()
    const startedMs = performance.now()
    await assert.rejects(putText(store, record, 'a', '1'), StoreError)
    assert.ok(performance.now() - startedMs < 3000)
    server.resume()
    await until('it answers', () => store.look(record.id).catch(() => undefined))
  } finally {
    await store.close()
  }
})

test('a server without memory left is an error of its own', async () => {
  await using server = await startRedis({ args: ['--maxmemory', '10mb', '--maxmemory-policy', 'noeviction'] })
  const store = await createRedisStore({ url: server.url })
  try {
    const record = newRecord()
    await store.create(record)
    await putText(store, record, 'a', 'old')
    const content = streamOf(Buffer.alloc(20 * MiB))
    await assert.rejects(store.write(record.id, 0, { key: 'a', kind: 'bytes', content }), NoSpaceError)
    assert.equal(await textAt(store, record.id, 'a'), 'json: old')
  } finally {
    await store.close()
  }
})

test('a store that can not be reached, or whose URL is wrong, is refused at the start', async () => {
  await using server = await startRedis({ password: 's3cret' })
  await server.stop()
  await assert.rejects(createRedisStore({ url: server.url, timeoutMs: 300 }), StoreError)
  await assert.rejects(createRedisStore({ url: 'http://127.0.0.1' }), SettingsError)
  await assert.rejects(createRedisStore({ url: 'nonsense' }), SettingsError)
})

test('the password in the URL is used', async () => {
  await using server = await startRedis({ password: 's3:cret' })
  const store = await createRedisStore({ url: server.url })
  const record = newRecord()
  await store.create(record)
  assert.deepEqual(await store.look(record.id), record)
  await store.close()
  await assert.rejects(
    createRedisStore({ url: `redis://127.0.0.1:${server.port}`, timeoutMs: 500 }),
    StoreError,
  )
})

test('a cluster keeps sessions, too', async () => {
  await using cluster = await redisPlace(['--cluster-enabled', 'yes'])
  const client = connectionTo(cluster.url)
  await client.connect()
  await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
  await until('the cluster is up', async () =>
    String(await client.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok'),
  )
  client.destroy()
  const store = await cluster.open()
  for (let i = 0; i < 10; i++) {
    const record = newRecord()
    await store.create(record)
    const content = streamOf(Buffer.alloc(3 * MiB, 'x'))
    await store.write(record.id, 0, { key: 'a', kind: 'bytes', content })
    assert.equal((await textAt(store, record.id, 'a'))?.length, 3 * MiB + 7)
    assert.equal(await store.destroy(record.id, 0), true)
  }
})

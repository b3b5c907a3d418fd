import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until, within } from '../../../../../test/kit/process.ts'
import { type RedisServer, startRedis } from '../../../../../test/kit/redis-server.ts'
import { temporaryFolder } from '../../../../../test/kit/router.ts'
import { storeSchema } from '../../config/store-schema.ts'
import { storeOf } from './open-store.ts'
import type { PinStore, StoredPin } from './pin-store.ts'

const kit = (name: string) => fileURLToPath(new URL(`../../../../../test/kit/${name}`, import.meta.url))

const keyOf = (index: number) => index.toString(16).padStart(32, '0')
const pinOf = (index: number): StoredPin => ({
  key: keyOf(index),
  home: { service: 'chat', replica: 'a' },
  epoch: 0,
  expiresAtMs: Date.now() + 60_000,
  deadlineMs: 0,
})

interface Opened {
  readonly store: PinStore
  readonly changes: StoredPin[]
  readonly counts: { invalid: number }
  readonly failed: Promise<Error>
}

async function open(
  config: Parameters<typeof storeSchema.parse>[0],
  environment: NodeJS.ProcessEnv = {},
  signal = AbortSignal.timeout(10_000),
): Promise<Opened> {
  const counts = { invalid: 0 }
  const changes: StoredPin[] = []
  const failed = Promise.withResolvers<Error>()
  const events = {
    changed: (pin: StoredPin) => void changes.push(pin),
    invalid: () => void counts.invalid++,
    failed: failed.resolve,
  }
  const store = await storeOf(storeSchema.parse(config), environment)(events, signal)
  return { store, changes, counts, failed: failed.promise }
}

async function roundTrip({ store }: Opened): Promise<void> {
  const pin = pinOf(1)
  await store.write([pin])
  assert.deepEqual(await store.read([pin.key]), [pin])
  await store.close()
}

describe('a store in Redis', () => {
  let redis: RedisServer
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis[Symbol.asyncDispose]())

  test('leaves out what is no record, counts it, and replaces it', async () => {
    const opened = await open(redis.url)
    const { store, counts } = opened
    const future = Date.now() + 60_000
    const texts = [
      '',
      'x',
      '{}',
      `0:${future}:0:null`,
      `0:${future}:0:["a"]`,
      `70000:${future}:0:`,
      '0:1:0:["a","b"]',
    ]
    for (const [index, text] of texts.entries()) await redis.call('SET', `limpet:pin:${keyOf(index)}`, text)
    await redis.call('LPUSH', `limpet:pin:${keyOf(texts.length)}`, 'x')
    const pins = Array.from({ length: texts.length + 1 }, (_, index) => ({ ...pinOf(index), epoch: 65_535 }))
    const keys = pins.map(({ key }) => key)
    assert.ok((await store.read(keys)).every((pin) => pin === undefined))
    assert.equal(counts.invalid, texts.length - 1, 'the last is only over')
    await store.write(pins.map((pin) => ({ ...pin, epoch: 0 })))
    const found = await store.read(keys)
    assert.equal(found.filter((pin) => pin?.home?.replica === 'a').length, pins.length - 1)
    await redis.call('PUBLISH', 'limpet:changes', 'what is this')
    await redis.call('PUBLISH', 'limpet:changes', `other limpet:pin:${keyOf(0)} nothing`)
    await until('both are counted', () => counts.invalid >= texts.length + 2)
    assert.deepEqual(opened.changes, [])
    await store.close()
  })

  test('has the server forget records by itself', async () => {
    const { store } = await open(redis.url)
    await store.write([{ ...pinOf(500), expiresAtMs: Date.now() + 30 }])
    await until(
      'the key is gone',
      async () => (await redis.call('EXISTS', `limpet:pin:${keyOf(500)}`)) === ':0\r\n',
    )
    await store.close()
  })

  test('is told at once that the connection is lost, and calls reject', async () => {
    await using own = await startRedis()
    const { store, failed } = await open(own.url)
    await own.stop()
    assert.ok((await within(2000, 'the loss', failed)) instanceof Error)
    await assert.rejects(store.read([keyOf(1)]))
    await store.close()
    await assert.rejects(open(own.url), /ECONNREFUSED/)
  })

  test('gives up a server that hangs, while it is opened and while it is called', async () => {
    await using own = await startRedis()
    const { store } = await open(own.url)
    own.pause()
    await assert.rejects(open(own.url, {}, AbortSignal.timeout(200)), /did not answer/)
    const call = store.read([keyOf(1)])
    await store.close()
    await within(1000, 'the call ends', assert.rejects(call))
  })

  test('takes the number of a database', async () => {
    const { store } = await open(`${redis.url}/3`)
    await store.write([pinOf(77)])
    assert.equal(await redis.call('EXISTS', `limpet:pin:${keyOf(77)}`), ':0\r\n')
    await store.close()
  })
})

test('a password comes from the URL, a file or the environment, and is in no error', async () => {
  const password = 'p@ss/w:rd'
  await using redis = await startRedis({ password })
  const { port } = redis
  const url = `redis://127.0.0.1:${port}`
  await using folder = await temporaryFolder()
  const passwordFile = join(folder.path, 'password')
  await writeFile(passwordFile, `${password}\n`)
  await roundTrip(await open(redis.url))
  await roundTrip(await open({ url, passwordFile }))
  await roundTrip(await open(url, { LIMPET_STORE_PASSWORD: password }))
  await assert.rejects(open(url), /NOAUTH|authentication/i)
  await assert.rejects(open(`redis://:hunter2@127.0.0.1:${port}`), (error: Error) => {
    assert.doesNotMatch(`${error.message} ${error.stack}`, /hunter2/)
    return true
  })
})

test('TLS is spoken to servers whose certificate an authority of the config has signed', async () => {
  const tls = { certificate: kit('localhost-certificate.pem'), key: kit('localhost-key.pem') }
  await using redis = await startRedis({ tls })
  const url = `rediss://localhost:${redis.port}`
  await assert.rejects(open(url), /self-signed|certificate/)
  await roundTrip(await open({ url, caFile: tls.certificate }))
})

test('Sentinels name the server', { timeout: 60_000 }, async () => {
  await using redis = await startRedis()
  await using folder = await temporaryFolder()
  const config = join(folder.path, 'sentinel.conf')
  await writeFile(config, `sentinel monitor mymaster 127.0.0.1 ${redis.port} 1\n`)
  await using sentinel = await startRedis({ config, args: ['--sentinel'] })
  const opened = await open(`redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinel.port}/mymaster`)
  const other = await open(`redis+sentinel://127.0.0.1:${sentinel.port}/mymaster`)
  await other.store.write([{ ...pinOf(5), epoch: 1 }])
  await until('the announcement', () => opened.changes.some(({ key }) => key === keyOf(5)))
  await other.store.close()
  await roundTrip(opened)
  await assert.rejects(
    open(`redis+sentinel://127.0.0.1:${sentinel.port}/nobody`, {}, AbortSignal.timeout(1500)),
  )
})

/** What a client gets that loses its stream and takes it up at another replica: with each SDK, on each store. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../../test/kit/process.ts'
import { type RedisServer, startRedis } from '../../../../test/kit/redis-server.ts'
import { openStream, readStream } from './event-stream.fixture.ts'
import { begin, call, callTool, post, startReplica } from './mcp-replica.fixture.ts'
import { generations } from './notes-server.fixture.ts'
import type { McpSession } from './options.ts'

let redis: RedisServer
let folder: string
before(async () => {
  redis = await startRedis()
  folder = await mkdtemp(join(tmpdir(), 'limpet-mcp-'))
})
after(async () => {
  await redis[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** The newest server's way to log, and how many there have been. */
class Logs {
  log: (text: string) => Promise<void> = async () => {}
  servers = 0

  readonly onServer = (_session: McpSession, log: (text: string) => Promise<void>): void => {
    this.log = log
    this.servers++
  }
}

for (const generation of generations) {
  for (const [storeName, address] of [
    ['file', () => `file:${join(folder, randomUUID())}`],
    ['redis', () => redis.url],
  ] as const) {
    describe(`${generation.name}, store ${storeName}`, () => {
      const pair = async (more: object = {}, hooks = {}, transport = {}) => {
        const options = { ...generation.factories(hooks, transport), store: address(), watchMs: 20, ...more }
        const a = await startReplica(options)
        const b = await startReplica(options)
        return {
          a,
          b,
          async [Symbol.asyncDispose]() {
            await a[Symbol.asyncDispose]()
            await b[Symbol.asyncDispose]()
          },
        }
      }

      test('what a client has missed comes at another replica, in order, and nothing twice', async () => {
        const logs = new Logs()
        await using replicas = await pair({}, logs)
        const { a, b } = replicas
        const id = await begin(a.url)
        const first = await openStream(a.url, id)
        const cursor = (await first.next())!
        assert.equal(cursor.message, undefined)
        await logs.log('1')
        await logs.log('2')
        const last = [await first.nextMessage(), await first.nextMessage()]
        assert.deepEqual(
          last.map((event) => event?.message?.params?.data),
          ['1', '2'],
        )
        first.abort()
        await logs.log('3')
        await logs.log('4')

        const second = await openStream(b.url, id, last[1]!.id)
        assert.equal((await second.next())?.message?.params?.data, '3')
        await logs.log('5')
        const rest = [await second.next(), await second.next()]
        assert.deepEqual(
          rest.map((event) => event?.message?.params?.data),
          ['4', '5'],
        )
        second.abort()

        // From the event that was there before anything else.
        const third = await openStream(a.url, id, cursor.id)
        const all = []
        for (let i = 0; i < 5; i++) all.push((await third.next())?.message?.params?.data)
        assert.deepEqual(all, ['1', '2', '3', '4', '5'])
        third.abort()
      })

      test('the stream of a call is taken up at another replica, with its result', async () => {
        let waiting = 0
        const { promise, resolve } = Promise.withResolvers<void>()
        const wait = () => {
          waiting++
          return promise
        }
        await using replicas = await pair({}, { wait })
        const { a, b } = replicas
        const id = await begin(a.url)
        const controller = new AbortController()
        const message = {
          jsonrpc: '2.0',
          id: 7,
          method: 'tools/call',
          params: { name: 'wait', arguments: { note: 'x' } },
        }
        const stream = readStream(await post(a.url, message, { 'mcp-session-id': id }), controller)
        const priming = (await stream.next())!
        assert.equal(priming.message, undefined)
        await until('the call is under way', () => waiting === 1)
        // The client sees nothing more; the call goes on.
        resolve()
        const done = await stream.next()
        assert.equal(done?.message?.id, 7)

        const resumed = await openStream(b.url, id, priming.id)
        assert.deepEqual(await resumed.next(), done)
        resumed.abort()
      })

      test('a call that was in the hands of a replica that has lost the session is answered with an error', async () => {
        let waiting = 0
        const { promise, resolve } = Promise.withResolvers<void>()
        const wait = () => {
          waiting++
          return promise
        }
        await using replicas = await pair({}, { wait })
        const { a, b } = replicas
        const id = await begin(a.url)
        const params = { name: 'wait', arguments: { note: 'x' } }
        const response = await post(
          a.url,
          { jsonrpc: '2.0', id: 'slow', method: 'tools/call', params },
          { 'mcp-session-id': id },
        )
        const stream = readStream(response, new AbortController())
        const priming = (await stream.next())!
        await until('the call is under way', () => waiting === 1)
        // At the replica that has it in hand, the stream goes on without one.
        const same = await openStream(a.url, id, priming.id).catch(String)
        assert.match(String(same), /409/)

        const first = await openStream(b.url, id, priming.id)
        const lost = await first.next()
        assert.match(
          JSON.stringify(lost?.message),
          /"id":"slow","error":\{"code":-32000,"message":"The replica that had/,
        )
        first.abort()
        // It stays so, for a client that loses that, too.
        const second = await openStream(a.url, id, priming.id)
        assert.deepEqual(await second.next(), lost)
        second.abort()
        resolve()
      })

      test('the stream at a replica that has lost the session ends, and goes on where it is', async () => {
        const logs = new Logs()
        await using replicas = await pair({}, logs)
        const { a, b } = replicas
        const id = await begin(a.url)
        assert.deepEqual((await call(a.url, id, 'resources/subscribe', { uri: 'notes://all' })).result, {})
        const first = await openStream(a.url, id)
        const { id: cursor } = (await first.next())!
        // The subscription is known there, too.
        await callTool(b.url, id, 'add_note', { note: 'x' })
        assert.equal(await first.next(), undefined)
        const second = await openStream(b.url, id, cursor)
        const event = await second.next()
        assert.equal(event?.message?.method, 'notifications/resources/updated')
        second.abort()

        await call(b.url, id, 'resources/unsubscribe', { uri: 'notes://all' })
        await callTool(a.url, id, 'add_note', { note: 'y' })
        await logs.log('after y')
        const third = await openStream(a.url, id, event!.id)
        assert.equal((await third.next())?.message?.params?.data, 'after y')
        third.abort()
      })

      test('the log level that a client has set holds at the next replica', async () => {
        const logs = new Logs()
        await using replicas = await pair({}, logs)
        const { a, b } = replicas
        const id = await begin(a.url)
        await call(a.url, id, 'logging/setLevel', { level: 'error' })
        const stream = await openStream(b.url, id)
        const { id: cursor } = (await stream.next())!
        await logs.log('not wanted')
        await call(b.url, id, 'logging/setLevel', { level: 'info' })
        await logs.log('wanted')
        assert.equal((await stream.next())?.message?.params?.data, 'wanted')
        stream.abort()
        const again = await openStream(a.url, id, cursor)
        assert.equal((await again.next())?.message?.params?.data, 'wanted')
        again.abort()
      })

      test('a Last-Event-ID that no server has made is 400', async () => {
        await using replicas = await pair()
        const id = await begin(replicas.a.url)
        await assert.rejects(openStream(replicas.a.url, id, 'nonsense'), /^Error: 400/)
      })
    })
  }
}

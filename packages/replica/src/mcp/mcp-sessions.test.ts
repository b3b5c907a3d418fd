/** What a client sees that asks one replica after the other: with each SDK, on each store. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../../test/kit/process.ts'
import { type RedisServer, startRedis } from '../../../../test/kit/redis-server.ts'
import { begin, call, callTool, initialize, post, startReplica } from './mcp-replica.fixture.ts'
import { generations } from './notes-server.fixture.ts'
import { type McpStore, openMcpStore } from './open-store.ts'

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

/** Stores that several replicas open; that in memory is one for all. */
const stores: Record<string, () => Promise<() => string | McpStore>> = {
  async memory() {
    const store = await openMcpStore('memory')
    return () => ({ ...store, close: async () => {} })
  },
  async file() {
    const path = join(folder, randomUUID())
    return () => `file:${path}`
  },
  redis: async () => () => redis.url,
}

for (const generation of generations) {
  for (const [storeName, open] of Object.entries(stores)) {
    describe(`${generation.name}, store ${storeName}`, () => {
      const pair = async (more: object = {}, hooks = {}, transport = {}) => {
        const store = await open()
        const options = { ...generation.factories(hooks, transport), ...more }
        const a = await startReplica({ ...options, store: store() })
        const b = await startReplica({ ...options, store: store() })
        return {
          a,
          b,
          async [Symbol.asyncDispose]() {
            await a[Symbol.asyncDispose]()
            await b[Symbol.asyncDispose]()
          },
        }
      }

      test('requests that go to one replica after the other find the state as it was left', async () => {
        await using replicas = await pair()
        const { a, b } = replicas
        const id = await begin(a.url)
        for (let i = 1; i <= 6; i++) {
          const notes = await callTool(i % 2 ? b.url : a.url, id, 'add_note', { note: `${i}` })
          assert.deepEqual(notes, ['1', '2', '3', '4', '5', '6'].slice(0, i))
        }
        assert.deepEqual([a.sessions.liveCount, b.sessions.liveCount], [1, 1])
        assert.deepEqual([...a.reports, ...b.reports], [])
      })

      test('in JSON response mode, too', async () => {
        await using replicas = await pair({}, {}, { enableJsonResponse: true })
        const id = await begin(replicas.a.url)
        await callTool(replicas.a.url, id, 'add_note', { note: 'x' })
        assert.deepEqual(await callTool(replicas.b.url, id, 'list_notes'), ['x'])
      })

      test('the first request after initialize may go elsewhere', async () => {
        await using replicas = await pair()
        const { headers } = await post(replicas.a.url, initialize)
        const id = headers.get('mcp-session-id')!
        const message = { jsonrpc: '2.0', method: 'notifications/initialized' }
        const accepted = await post(replicas.b.url, message, { 'mcp-session-id': id })
        assert.deepEqual([accepted.status, await accepted.text()], [202, ''])
        assert.deepEqual(await callTool(replicas.a.url, id, 'list_notes'), [])
      })

      test('requests that come at once to a replica that has not had the session resume it once', async () => {
        let raised = 0
        await using replicas = await pair({}, { onServer: () => raised++ })
        const id = await begin(replicas.a.url)
        await callTool(replicas.a.url, id, 'add_note', { note: 'x' })
        const before = raised
        const calls = Array.from({ length: 10 }, () => callTool(replicas.b.url, id, 'list_notes'))
        assert.deepEqual(await Promise.all(calls), Array(10).fill(['x']))
        assert.equal(raised, before + 1)
      })

      test('an unknown session is 404, for all replicas once it is ended', async () => {
        await using replicas = await pair()
        const { a, b } = replicas
        const unknown = await post(
          a.url,
          { jsonrpc: '2.0', id: 1, method: 'ping' },
          { 'mcp-session-id': randomUUID() },
        )
        assert.equal(unknown.status, 404)
        const notFound = { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }
        assert.deepEqual(await unknown.json(), notFound)

        const id = await begin(a.url)
        await callTool(b.url, id, 'add_note', { note: 'x' })
        const headers = { 'mcp-session-id': id }
        assert.equal((await fetch(a.url, { method: 'DELETE', headers })).status, 200)
        for (const { url } of [a, b]) {
          assert.deepEqual((await call(url, id, 'ping')).error, notFound.error)
          assert.equal((await fetch(url, { method: 'DELETE', headers })).status, 404)
          const stream = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' } })
          assert.equal(stream.status, 404)
        }
      })

      test('a session that has expired is 404', async () => {
        let nowMs = Date.now()
        await using replicas = await pair({ ttlMs: 60_000, now: () => nowMs })
        const { a, b } = replicas
        const id = await begin(a.url)
        nowMs += 50_000
        await callTool(b.url, id, 'list_notes')
        nowMs += 50_000
        await callTool(a.url, id, 'list_notes')
        nowMs += 61_000
        assert.equal((await call(b.url, id, 'ping')).error?.code, -32001)
        assert.equal((await call(a.url, id, 'ping')).error?.code, -32001)
      })

      test('a session that nobody asks for any more is deleted when its time is over', async () => {
        let nowMs = Date.now()
        const store = await open()
        const options = { ...generation.factories(), ttlMs: 60_000, watchMs: 20, now: () => nowMs }
        await using replica = await startReplica({ ...options, store: store() })
        const id = await begin(replica.url)
        await callTool(replica.url, id, 'add_note', { note: 'x' })
        const given = store()
        const opened = typeof given === 'string' ? await openMcpStore(given) : given
        assert.ok(await opened.sessions.look(id))
        nowMs += 61_000
        await until('it is gone', async () => (await opened.sessions.look(id)) === undefined)
        assert.equal(replica.sessions.liveCount, 0)
        assert.deepEqual(await opened.events.after(id, '_GET_stream', '0-0'), [])
        await opened.close()
      })

      test('a call that goes on where the session has been can not write after its successor', async () => {
        const { promise, resolve } = Promise.withResolvers<void>()
        let waiting = 0
        const wait = () => {
          waiting++
          return promise
        }
        await using replicas = await pair({}, { wait })
        const { a, b } = replicas
        const id = await begin(a.url)
        const late = callTool(a.url, id, 'wait', { note: 'late' })
        await until('the call is under way', () => waiting === 1)
        await callTool(b.url, id, 'add_note', { note: 'successor' })
        resolve()
        await assert.rejects(late, /moved to another replica/)
        assert.deepEqual(await callTool(b.url, id, 'list_notes'), ['successor'])
        assert.deepEqual(await callTool(a.url, id, 'list_notes'), ['successor'])
      })

      test('a call that only reads ends well where the session has been', async () => {
        const { promise, resolve } = Promise.withResolvers<void>()
        let waiting = 0
        const wait = async () => {
          waiting++
          await promise
          throw new Error('no write')
        }
        await using replicas = await pair({}, { wait })
        const { a, b } = replicas
        const id = await begin(a.url)
        const slow = callTool(a.url, id, 'wait', { note: '' })
        await until('the call is under way', () => waiting === 1)
        await callTool(b.url, id, 'list_notes')
        // Its copy at the first replica is stale by now, and is replaced beside the call.
        await callTool(a.url, id, 'list_notes')
        resolve()
        await assert.rejects(slow, /no write/)
      })

      test('sessions beyond the number that may be in memory are let go, and resumed', async () => {
        await using replicas = await pair({ maxLive: 2 })
        const { a } = replicas
        const ids: string[] = []
        for (let i = 0; i < 4; i++) {
          ids.push(await begin(a.url))
          await callTool(a.url, ids[i]!, 'add_note', { note: `${i}` })
          assert.ok(a.sessions.liveCount <= 2)
        }
        for (const [i, id] of ids.entries()) {
          assert.deepEqual(await callTool(a.url, id, 'list_notes'), [`${i}`])
        }
        assert.ok(a.sessions.liveCount <= 2)
      })
    })
  }
}

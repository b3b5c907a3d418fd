/** What is refused, and how: as the SDKs' own transports do it, with the status that clients and routers look for. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../../test/kit/process.ts'
import { startRedis } from '../../../../test/kit/redis-server.ts'
import { SettingsError } from '../errors.ts'
import { openStream } from './event-stream.fixture.ts'
import {
  begin,
  call,
  callTool,
  initialize,
  post,
  startReplica,
  type TestReplica,
} from './mcp-replica.fixture.ts'
import { openMcpSessions } from './mcp-sessions.ts'
import { generations } from './notes-server.fixture.ts'
import { openMcpStore } from './open-store.ts'

for (const generation of generations) {
  describe(generation.name, () => {
    let replica: TestReplica
    before(async () => {
      replica = await startReplica({ ...generation.factories(), store: 'memory' })
    })
    after(() => replica[Symbol.asyncDispose]())

    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

    test('a request without a session that does not begin one is 400', async () => {
      for (const body of [ping, [ping], [initialize, ping], 'text', null, { jsonrpc: '2.0' }]) {
        const response = await post(replica.url, body)
        assert.equal(response.status, 400)
        const { error } = (await response.json()) as { error: { code: number } }
        assert.equal(error.code, -32000)
      }
      assert.equal((await fetch(replica.url, { headers: { accept: 'text/event-stream' } })).status, 400)
      assert.equal((await fetch(replica.url, { method: 'DELETE' })).status, 400)
    })

    test('another method is 405', async () => {
      const response = await fetch(replica.url, { method: 'PUT', body: '{}' })
      assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, POST, DELETE'])
    })

    test('a body that is no JSON is 400, one that is too long 413', async () => {
      const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
      const broken = await fetch(replica.url, { method: 'POST', headers, body: '{' })
      assert.deepEqual(
        [broken.status, ((await broken.json()) as { error: { code: number } }).error.code],
        [400, -32700],
      )
      const long = await fetch(replica.url, { method: 'POST', headers, body: 'x'.repeat(5 * 1024 * 1024) })
      assert.equal(long.status, 413)
    })

    test('what the transport refuses begins no session', async () => {
      const before = replica.sessions.liveCount
      const headers = { accept: 'application/json' }
      assert.equal((await post(replica.url, initialize, headers)).status, 406)
      assert.equal((await post(replica.url, initialize, { 'content-type': 'text/plain' })).status, 415)
      await until('they are gone', () => replica.sessions.liveCount === before)
    })

    test('a protocol version that the server does not know is 400', async () => {
      const id = await begin(replica.url)
      const headers = { 'mcp-session-id': id, 'mcp-protocol-version': '1999-01-01' }
      assert.equal((await post(replica.url, ping, headers)).status, 400)
    })

    test('a second initialize in a session is refused, and the session goes on', async () => {
      const id = await begin(replica.url)
      assert.equal((await post(replica.url, initialize, { 'mcp-session-id': id })).status, 400)
      assert.deepEqual(await callTool(replica.url, id, 'list_notes'), [])
    })

    test('a second stream of notifications is 409', async () => {
      const id = await begin(replica.url)
      const stream = await openStream(replica.url, id)
      await assert.rejects(openStream(replica.url, id), /^Error: 409/)
      stream.abort()
    })

    test('the session of one principal is unknown to another', async () => {
      const principal = (request: { headers: Record<string, unknown> }) => request.headers['x-user'] as string
      const options = { ...generation.factories(), store: 'memory', maxLive: 1, principal }
      await using owned = await startReplica(options)
      const id = await begin(owned.url, { 'x-user': 'ann' })
      const asBen = await call(owned.url, id, 'ping', {}, { 'x-user': 'ben' })
      assert.equal(asBen.error?.code, -32001)
      // Nor can they have it resumed.
      await begin(owned.url, { 'x-user': 'ben' })
      assert.equal((await call(owned.url, id, 'ping', {}, { 'x-user': 'ben' })).error?.code, -32001)
      assert.deepEqual((await call(owned.url, id, 'ping', {}, { 'x-user': 'ann' })).result, {})
    })

    test("the transport's check of hosts holds for a session that is resumed, too", async () => {
      const more = { enableDnsRebindingProtection: true, allowedOrigins: ['http://good'] }
      await using guarded = await startReplica({
        ...generation.factories({}, more),
        store: 'memory',
        maxLive: 1,
      })
      const id = await begin(guarded.url)
      await begin(guarded.url)
      const bad = await post(guarded.url, ping, { 'mcp-session-id': id, origin: 'http://bad' })
      assert.equal(bad.status, 403)
      const good = await post(guarded.url, ping, { 'mcp-session-id': id, origin: 'http://good' })
      assert.equal(good.status, 200)
      await good.text()
    })

    test('while the store is away, requests are 503 with Retry-After, and go on afterwards', async () => {
      await using redis = await startRedis()
      const storeOptions = { timeoutMs: 300 }
      await using stored = await startReplica({ ...generation.factories(), store: redis.url, storeOptions })
      const id = await begin(stored.url)
      redis.pause()
      const response = await post(stored.url, ping, { 'mcp-session-id': id })
      assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1'])
      redis.resume()
      await until('it answers', async () => (await call(stored.url, id, 'ping')).result)
      assert.deepEqual(await callTool(stored.url, id, 'add_note', { note: 'x' }), ['x'])
    })

    test('an answer is delivered when the store goes away before it can be kept', async () => {
      await using redis = await startRedis()
      const wait = () => redis.stop()
      const storeOptions = { timeoutMs: 300 }
      const options = { ...generation.factories({ wait }), store: redis.url, storeOptions }
      await using stored = await startReplica(options)
      const id = await begin(stored.url)
      await assert.rejects(
        callTool(stored.url, id, 'wait', { note: 'x' }),
        /store of sessions does not answer/,
      )
      assert.ok(stored.reports.length > 0)
    })

    test('a session whose server can not be made does not begin, and one that has begun stays', async () => {
      const { createServer, createTransport } = generation.factories()
      let failing = true
      const failingServer: typeof createServer = (session) => {
        if (failing) throw new Error('no server')
        return createServer(session)
      }
      const store = await openMcpStore('memory')
      await using broken = await startReplica({
        createServer: failingServer,
        createTransport,
        store,
        maxLive: 1,
      })
      assert.equal((await post(broken.url, initialize)).status, 500)
      assert.deepEqual([broken.sessions.liveCount, await store.sessions.ids()], [0, []])
      failing = false
      const id = await begin(broken.url)
      await begin(broken.url)
      failing = true
      assert.equal((await call(broken.url, id, 'ping')).error?.code, -32603)
      failing = false
      assert.deepEqual((await call(broken.url, id, 'ping')).result, {})
    })

    test("a server that closes itself is made anew at the session's next request", async () => {
      const servers: { close(): Promise<void> }[] = []
      const { createServer, createTransport } = generation.factories()
      const remembered: typeof createServer = async (session) => {
        const server = await createServer(session)
        servers.push(server)
        return server
      }
      await using closing = await startReplica({ createServer: remembered, createTransport, store: 'memory' })
      const id = await begin(closing.url)
      await callTool(closing.url, id, 'add_note', { note: 'x' })
      await servers[0]!.close()
      assert.deepEqual(await callTool(closing.url, id, 'list_notes'), ['x'])
      assert.equal(servers.length, 2)
    })

    test('the epoch that a router counts is the least that a session has then', async () => {
      const store = await openMcpStore('memory')
      const options = { ...generation.factories(), store: { ...store, close: async () => {} } }
      await using a = await startReplica(options)
      await using b = await startReplica(options)
      const id = await begin(a.url)
      await call(b.url, id, 'ping', {}, { 'limpet-epoch': '7' })
      assert.equal((await store.sessions.look(id))?.epoch, 7)
      // A router that has forgotten it gets through all the same.
      assert.deepEqual((await call(a.url, id, 'ping', {}, { 'limpet-epoch': '1' })).result, {})
      assert.equal((await store.sessions.look(id))?.epoch, 8)
    })

    test('a replica that closes takes no more requests, ends streams, and waits for calls', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      let waiting = false
      const wait = () => {
        waiting = true
        return promise
      }
      await using closing = await startReplica({ ...generation.factories({ wait }), store: 'memory' })
      const id = await begin(closing.url)
      const stream = await openStream(closing.url, id)
      await stream.next()
      const slow = callTool(closing.url, id, 'wait', { note: 'x' })
      await until('the call is under way', () => waiting)
      const closed = closing.sessions.close()
      assert.equal(await stream.next(), undefined)
      const late = await post(closing.url, ping, { 'mcp-session-id': id })
      assert.equal(late.status, 503)
      resolve()
      assert.deepEqual(await slow, ['x'])
      await closed
    })
  })
}

test('settings that can not be used are refused at the start', async () => {
  const factories = generations[0]!.factories()
  for (const wrong of [
    { store: 'nonsense' },
    { store: 'file:' },
    { store: 'memory', ttlMs: 0 },
    { store: 'memory', maxLive: 1.5 },
  ]) {
    await assert.rejects(openMcpSessions({ ...factories, ...wrong }), SettingsError)
  }
})

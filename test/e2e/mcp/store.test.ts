import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { connectClient, type TestClient } from '../../kit/mcp/clients.ts'
import { mcpConfig, type Replica, startRoundRobin } from '../../kit/mcp/front.ts'
import { type McpServerProcess, startMcpServers } from '../../kit/mcp/servers.ts'
import { until } from '../../kit/process.ts'
import { startRedis } from '../../kit/redis-server.ts'
import { startRouter, type TestRouter, temporaryFolder } from '../../kit/router.ts'

const env = { LIMPET_KEYS: `1:${Buffer.alloc(32, 9).toString('base64url')}` }

const startWith = (store: string, replicas: readonly Replica[]): Promise<TestRouter> =>
  startRouter({ config: mcpConfig(replicas), env, args: ['--store', store] })

async function killHome(client: TestClient, servers: readonly McpServerProcess[]): Promise<void> {
  const name = await client.call('whoami')
  await servers.find((server) => server.name === name)!.kill()
}

/** Resolves when nothing waits to be written, which pins and what begins sessions anew do together. */
const isWritten = (router: TestRouter, atLeast: number) =>
  until('the store has it all', async () => {
    const metrics = await router.metrics()
    return metrics.sum('limpet_store_writes_total') >= atLeast && metrics.sum('limpet_store_queue') === 0
  })

const places = {
  async sqlite() {
    const folder = await temporaryFolder()
    return {
      url: `sqlite:${join(folder.path, 'pins.db')}`,
      [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
    }
  },
  redis: () => startRedis(),
}

for (const [kind, makePlace] of Object.entries(places)) {
  describe(`routers with a store in ${kind}`, () => {
    test('agree on where a session was begun anew, whichever of them did it', async () => {
      await using place = await makePlace()
      await using servers = await startMcpServers('v1', 3)
      await using one = await startWith(place.url, servers)
      await using other = await startWith(place.url, servers)
      await using front = await startRoundRobin([one.url, other.url])
      await using client = await connectClient('v1', `${front.url}/mcp`)
      const id = client.sessionId()
      assert.equal((await client.call('count')).count, 1)
      await until('both routers know it', async () => {
        const hits = await Promise.all(
          [one, other].map(async (router) => (await router.metrics()).sum('limpet_pins')),
        )
        return hits.every((pins) => pins > 0)
      })
      await killHome(client, servers)
      const counts = []
      for (let call = 1; call <= 6; call++) counts.push(await client.call('count'))
      assert.deepEqual(
        counts.map(({ count }) => count),
        [1, 2, 3, 4, 5, 6],
      )
      assert.equal(new Set(counts.map(({ replica }) => replica)).size, 1)
      assert.equal(client.sessionId(), id)
    })

    test('bring a session that was begun anew home after a kill -9 of its router', async () => {
      await using place = await makePlace()
      await using servers = await startMcpServers('v1', 3)
      await using first = await startWith(place.url, servers)
      await using client = await connectClient('v1', `${first.url}/mcp`)
      await client.call('count')
      await killHome(client, servers)
      const before = await client.call('count')
      assert.equal(before.count, 1)
      await isWritten(first, 1)
      first.signal('SIGKILL')
      await first.exited
      await using second = await startRouter({
        config: mcpConfig(servers),
        env,
        listen: `127.0.0.1:${first.port}`,
        args: ['--store', place.url],
      })
      assert.deepEqual(await client.call('count'), { ...before, count: 2 })
      await killHome(client, servers)
      assert.equal((await client.call('count')).count, 1)
      assert.equal((await second.metrics()).sum('limpet_refusals_total', { code: 'LIMPET_SESSION_GONE' }), 0)
    })
  })
}

test('without a store, a session that was never moved comes home after a kill -9 of its router', async () => {
  await using servers = await startMcpServers('v2', 3)
  await using first = await startRouter({ config: mcpConfig(servers), env })
  await using client = await connectClient('v2', `${first.url}/mcp`)
  const before = await client.call('count')
  first.signal('SIGKILL')
  await first.exited
  await using _ = await startRouter({ config: mcpConfig(servers), env, listen: `127.0.0.1:${first.port}` })
  assert.deepEqual(await client.call('count'), { ...before, count: before.count + 1 })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectClient, connectClients } from '../../kit/mcp/clients.ts'
import { mcpConfig, routerFront } from '../../kit/mcp/front.ts'
import type { UnknownSession } from '../../kit/mcp/serve.ts'
import { startMcpServer, startMcpServers } from '../../kit/mcp/servers.ts'
import { startRouter } from '../../kit/router.ts'

const answers: readonly (readonly [UnknownSession, string])[] = [
  ['not-found', '404'],
  ['no-valid-id', '400 and no valid session ID'],
  ['not-initialized', '400 and not initialized'],
]

describe('a session whose replica has lost its memory', () => {
  for (const [unknownSession, answer] of answers)
    for (const kind of ['v1', 'v2'] as const)
      test(`goes on where a ${kind} server answers ${answer}, though the client does nothing for it`, async () => {
        await using server = await startMcpServer(kind, 'a', { unknownSession })
        await using front = await routerFront([server])
        await using clients = await connectClients(4, ['v1', 'v2'], `${front.url}/mcp`)
        for (const client of clients) assert.deepEqual(await client.call('count'), { replica: 'a', count: 1 })
        await server.kill()
        await server.start()
        for (const client of clients) assert.deepEqual(await client.call('count'), { replica: 'a', count: 1 })
        for (const client of clients) assert.deepEqual(await client.call('count'), { replica: 'a', count: 2 })
        const { methods } = await server.statistics()
        assert.equal(methods.initialize, clients.length)
      })

  test('is begun again once, however many of its calls wait for that', async () => {
    await using servers = await startMcpServers('v2', 2)
    await using front = await routerFront(servers)
    await using client = await connectClient('v2', `${front.url}/mcp`)
    const home = await client.call('whoami')
    await servers.find(({ name }) => name === home)!.kill()
    const successor = servers.find(({ name }) => name !== home)!
    const calls = Array.from({ length: 20 }, () => client.call('count'))
    const counts = (await Promise.all(calls)).map(({ count }) => count as number)
    assert.deepEqual(
      counts.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    const { methods } = await successor.statistics()
    assert.deepEqual([methods.initialize, methods['notifications/initialized']], [1, 1])
  })

  test('is known to the router after its own restart', async () => {
    await using servers = await startMcpServers('v1', 3)
    const env = { LIMPET_KEYS: `1:${Buffer.alloc(32, 9).toString('base64url')}` }
    const config = mcpConfig(servers)
    const first = await startRouter({ config, env })
    const { port, url } = first
    await using clients = await connectClients(6, ['v1', 'v2'], `${url}/mcp`)
    const homes = await Promise.all(clients.map((client) => client.call('whoami')))
    await first[Symbol.asyncDispose]()
    await using _ = await startRouter({ config, env, listen: `127.0.0.1:${port}` })
    for (const [index, client] of clients.entries()) assert.equal(await client.call('whoami'), homes[index])
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientErrorOf } from '../../kit/mcp/client-errors.ts'
import { connectClient, connectClients } from '../../kit/mcp/clients.ts'
import { routerFront, twoRoutersFront } from '../../kit/mcp/front.ts'
import { startMcpServers } from '../../kit/mcp/servers.ts'

const shore = { action: 'accept', content: { shore: 'north' } }

describe('a call of 2026-07-28 that is made again with what the server asked for', () => {
  for (const [name, front] of [
    ['one router', routerFront],
    ['two routers in turn', twoRoutersFront],
  ] as const)
    test(`comes back to the replica that sealed its state, behind ${name}`, async () => {
      await using servers = await startMcpServers('v2', 3)
      await using running = await front(servers)
      const options = { answerElicitation: async () => shore }
      await using clients = await connectClients(6, ['modern'], `${running.url}/mcp`, options)
      const answers = await Promise.all(
        clients.flatMap((client) => Array.from({ length: 10 }, () => client.call('elicit'))),
      )
      // One at a time, each retry is the next request, and so the other router's.
      for (let call = 0; call < 10; call++) answers.push(await clients[0]!.call('elicit'))
      for (const { content, askedBy, replica } of answers)
        assert.deepEqual([content, askedBy], [shore.content, replica])
    })

  test('is answered by none when that replica is gone, with an error and not with silence', async () => {
    await using servers = await startMcpServers('v2', 3)
    await using front = await routerFront(servers)
    const asked = Promise.withResolvers<void>()
    const killed = Promise.withResolvers<void>()
    await using client = await connectClient('modern', `${front.url}/mcp`, {
      async answerElicitation() {
        asked.resolve()
        await killed.promise
        return shore
      },
    })
    const call = client.call('elicit').then(() => undefined, clientErrorOf)
    await asked.promise
    const asker = servers.find(({ calls }) => calls.includes('elicit'))!
    await asker.kill()
    killed.resolve()
    const error = await call
    assert.deepEqual([error?.kind, error?.code], ['json-rpc', -32602], JSON.stringify(error))
    assert.notEqual(await client.call('whoami'), asker.name)
  })
})

describe('calls of 2026-07-28', () => {
  test('go to all replicas, for there are no sessions', async () => {
    await using servers = await startMcpServers('v2', 3)
    await using front = await routerFront(servers)
    await using clients = await connectClients(12, ['modern'], `${front.url}/mcp`)
    const replicas = await Promise.all(clients.map((client) => client.call('slow', { ms: 100 })))
    assert.deepEqual([...new Set(replicas)].sort(), ['a', 'b', 'c'])
  })
})

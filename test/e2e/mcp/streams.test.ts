import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ClientError, clientErrorOf } from '../../kit/mcp/client-errors.ts'
import { type ClientKind, connectClient, connectClients, type TestClient } from '../../kit/mcp/clients.ts'
import { routerFront } from '../../kit/mcp/front.ts'
import { type McpServerProcess, type ServerKind, startMcpServers } from '../../kit/mcp/servers.ts'
import { until } from '../../kit/process.ts'

const touched = 'test://touched'

/** Each generation of the client with each of the server. */
const pairs: readonly (readonly [ClientKind, ServerKind])[] = [
  ['v1', 'v1'],
  ['v2', 'v1'],
  ['v1', 'v2'],
  ['v2', 'v2'],
]

async function homeOf(client: TestClient, servers: readonly McpServerProcess[]): Promise<McpServerProcess> {
  const name = await client.call('whoami')
  return servers.find((server) => server.name === name)!
}

/** The answers to the client's GETs: the streams that it has opened. */
const streamsOf = ({ exchanges }: TestClient) => exchanges.filter(({ method }) => method === 'GET')

const streamIsOpen = (client: TestClient) =>
  until('the stream of the session is open', () => streamsOf(client).some(({ status }) => status === 200))

const errorOf = (call: Promise<unknown>): Promise<ClientError | undefined> =>
  call.then(() => undefined, clientErrorOf)

describe('what a server sends while a call runs', () => {
  for (const [client, server] of [...pairs, ['modern', 'v2'], ['sse', 'sse']] as const)
    test(`reaches a ${client} client from a ${server} server as it is sent`, async () => {
      await using servers = await startMcpServers(server, 2)
      await using front = await routerFront(servers)
      await using connected = await connectClient(client, `${front.url}${server === 'sse' ? '/sse' : '/mcp'}`)
      const atMs: number[] = []
      const onProgress = () => void atMs.push(Date.now())
      await connected.call('progress', { n: 6, ms: 600 }, { onProgress })
      // The client may miss the last one, which comes together with the answer.
      assert.ok(atMs.length >= 5, `${atMs.length} of 6`)
      assert.ok(atMs.at(-1)! - atMs[0]! >= 300, `all within ${atMs.at(-1)! - atMs[0]!} ms`)
    })

  test('comes to who comes back for it, when the server ends the stream and goes on', async () => {
    await using servers = await startMcpServers('v2', 3)
    await using front = await routerFront(servers)
    await using clients = await connectClients(8, ['v1', 'v2'], `${front.url}/mcp`)
    const answers = await Promise.all(clients.map((client) => client.call('test_reconnection')))
    for (const answer of answers) assert.match(answer, /this came on the next/)
  })
})

describe('the stream of a session', () => {
  for (const [client, server] of pairs)
    test(`of a ${client} client outlives its ${server} server, with what it subscribed to`, async () => {
      await using servers = await startMcpServers(server, 2)
      await using front = await routerFront(servers)
      await using connected = await connectClient(client, `${front.url}/mcp`)
      const id = connected.sessionId()
      await streamIsOpen(connected)
      await connected.request('resources/subscribe', { uri: touched })
      await connected.request('logging/setLevel', { level: 'error' })
      await connected.call('touch')
      assert.equal((await connected.notified('notifications/resources/updated')).uri, touched)

      const home = await homeOf(connected, servers)
      await home.kill()
      const successor = servers.find((other) => other !== home)!
      assert.deepEqual(await connected.call('touch'), { subscribed: true })
      assert.equal((await connected.notified('notifications/resources/updated')).uri, touched)
      assert.deepEqual(await connected.call('log', { level: 'info', data: 'unheard' }), {
        logged: false,
        level: 'error',
      })
      await connected.call('log', { level: 'error', data: successor.name })
      assert.equal((await connected.notified('notifications/message')).data, successor.name)

      const streams = streamsOf(connected)
      assert.equal(streams.length, 1, JSON.stringify(streams))
      assert.equal(connected.sessionId(), id)
      const { methods } = await successor.statistics()
      for (const method of [
        'initialize',
        'notifications/initialized',
        'logging/setLevel',
        'resources/subscribe',
      ])
        assert.equal(methods[method], 1, method)
      // The stream or the call came first, and only the first is asked whether it is known there.
      assert.ok(methods.GET === 1 || methods.GET === 2, `${methods.GET} times GET`)
    })

  test('has no subscription at the new home that was ended at the old one', async () => {
    await using servers = await startMcpServers('v2', 2)
    await using front = await routerFront(servers)
    await using client = await connectClient('v2', `${front.url}/mcp`)
    await client.request('resources/subscribe', { uri: touched })
    await client.request('resources/unsubscribe', { uri: touched })
    await (await homeOf(client, servers)).kill()
    assert.deepEqual(await client.call('touch'), { subscribed: false })
  })

  test('carries questions and answers at the new home, too', async () => {
    await using servers = await startMcpServers('v1', 2)
    await using front = await routerFront(servers)
    await using client = await connectClient('v1', `${front.url}/mcp`, {
      answerElicitation: async () => ({ action: 'accept', content: { shore: 'north' } }),
    })
    const answer = { action: 'accept', content: { shore: 'north' } }
    assert.deepEqual(await client.call('elicit'), answer)
    await (await homeOf(client, servers)).kill()
    assert.deepEqual(await client.call('elicit'), answer)
  })
})

describe('a call under way when its replica is killed', () => {
  for (const [client, server] of pairs)
    for (const tool of ['elicit', 'sample', 'progress'])
      test(`fails with an answer: ${tool} of a ${client} client at a ${server} server`, async () => {
        await using servers = await startMcpServers(server, 2)
        await using front = await routerFront(servers)
        const asked = Promise.withResolvers<void>()
        const neverAnswer = () => {
          asked.resolve()
          return new Promise<never>(() => undefined)
        }
        await using connected = await connectClient(client, `${front.url}/mcp`, {
          answerElicitation: neverAnswer,
          answerSampling: neverAnswer,
        })
        const home = await homeOf(connected, servers)
        const args = tool === 'progress' ? { n: 1000, ms: 60_000 } : {}
        const call = errorOf(connected.call(tool, args, { onProgress: () => asked.resolve() }))
        await asked.promise
        await home.kill()
        const error = await call
        assert.equal(error?.kind, 'json-rpc', JSON.stringify(error))
        assert.equal(typeof error?.code, 'number')
        assert.deepEqual(await connected.call('count'), { replica: await connected.call('whoami'), count: 1 })
      })
})

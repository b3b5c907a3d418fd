import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientErrorOf } from '../../kit/mcp/client-errors.ts'
import { connectClient } from '../../kit/mcp/clients.ts'
import { mcpConfig, startMcpRouter } from '../../kit/mcp/front.ts'
import { type McpServerProcess, startMcpServers } from '../../kit/mcp/servers.ts'
import { until } from '../../kit/process.ts'
import { errorsOf, type Fleet, livesOf, startFleet } from './fleet.ts'

const kinds = ['v1', 'v2', 'v1', 'v2', 'modern'] as const

/** No call may run twice, whatever became of it. */
function assertEachRanOnce(servers: readonly McpServerProcess[]): void {
  const calls = servers.flatMap((server) => server.calls).filter((id) => id !== 'slow')
  assert.equal(calls.length, new Set(calls).size)
}

const sessionsOf = ({ members }: Fleet) => members.filter(({ client }) => client.kind !== 'modern')

describe('a fleet of official clients', () => {
  test('goes on when a replica is killed: only what it had in hand fails, each call with an answer', async () => {
    await using servers = await startMcpServers('v2', 3)
    await using router = await startMcpRouter(servers)
    const endpoint = `${router.url}/mcp`
    await using victim = await connectClient('v1', endpoint)
    const homeName = await victim.call('whoami')
    const home = servers.find(({ name }) => name === homeName)!
    await using fleet = await startFleet(endpoint, 20, kinds)
    await fleet.goOn(5)
    const pending = victim.call('slow', { ms: 60_000, call: 'pending' }).then(() => undefined, clientErrorOf)
    await home.called('pending')

    const homes = new Map(fleet.members.map((member) => [member, member.outcomes.at(-1)?.replica]))
    await home.kill()
    const error = await pending
    assert.equal(error?.kind, 'json-rpc', JSON.stringify(error))
    assert.equal(typeof error?.code, 'number')
    await fleet.goOn(5)
    await home.start()
    await fleet.goOn(5)
    await fleet.stop()

    for (const member of fleet.members) {
      const errors = errorsOf(member)
      const mayFail = member.client.kind === 'modern' || homes.get(member) === home.name
      for (const { error } of errors) assert.equal(error?.kind, 'json-rpc', JSON.stringify(error))
      // One call at a time is under way, and a killed replica can have had no other.
      assert.ok(errors.length <= (mayFail ? 1 : 0), JSON.stringify(errors))
    }
    for (const member of sessionsOf(fleet)) {
      const lives = livesOf(member)
      assert.equal(lives.length, homes.get(member) === home.name ? 2 : 1, JSON.stringify(lives))
      assert.ok(lives.every(({ from }) => from === 1))
    }
    assertEachRanOnce(servers)
    assert.notEqual((await victim.call('count')).replica, undefined)
  })

  test('has no error while all replicas are replaced, one after the other, each drained first', async () => {
    await using servers = await startMcpServers('v2', 3)
    await using router = await startMcpRouter(servers)
    await using fleet = await startFleet(`${router.url}/mcp`, 20, kinds)
    await fleet.goOn(3)
    for (const server of servers) {
      await router.reload(mcpConfig(servers, { [server.name]: 'drain: true' }))
      await fleet.goOn(1)
      await router.reload(mcpConfig(servers.filter((other) => other !== server)))
      // What each client had in hand at that moment is done, and then the server has no other request either.
      await fleet.goOn(1)
      await until(
        `${server.name} has nothing in hand`,
        async () => (await server.statistics()).inFlight === 0,
      )
      await server.stop()
      await server.start()
      await router.reload(mcpConfig(servers))
      await fleet.goOn(2)
    }
    await fleet.stop()
    assert.deepEqual(fleet.members.flatMap(errorsOf), [])
    // Each session has moved: no process of the beginning is left.
    for (const member of sessionsOf(fleet)) assert.ok(livesOf(member).length >= 2)
    assertEachRanOnce(servers)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('a replica that fails', () => {
  test('its health check is taken out, its sessions move, and it comes back for new ones', async () => {
    await using replicas = await startReplicas(3)
    await using router = await startRouter({
      config: `services:
  - name: app
    balance: round-robin
    health: { path: /healthz, interval: 50ms, timeout: 1s, unhealthy: 2, healthy: 2 }
    replicas:
${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const ask = (name: string) => client.ask('/', { headers: { 'x-session-id': name } })
    const state = async (name: string) =>
      (await router.metrics()).sum('limpet_replica_state', { replica: 'a', state: name })
    const names = sessionNames(60)
    const homes = await forEach(names, 8, async (name) => (await ask(name)).replica)

    await replicas[0]!.setHealth(500)
    const down = await router.logged('that a is not ready', ({ msg }) => msg === 'a replica is not ready')
    assert.deepEqual([down.service, down.replica, down.reason], ['app', 'a', 'status 500'])
    assert.equal(await state('down'), 1)
    for (const [index, name] of names.entries()) {
      const { replica, decision } = await ask(name)
      if (homes[index] !== 'a') assert.deepEqual([replica, decision], [homes[index], 'hit'])
      else {
        assert.notEqual(replica, 'a')
        assert.equal(decision, 'moved; reason=down')
      }
    }
    const without = await forEach(Array.from({ length: 40 }), 8, () => client.ask('/'))
    assert.equal(tally(without.map(({ replica }) => replica)).a, undefined)

    await replicas[0]!.setHealth(204)
    await router.logged('that a is up', ({ msg }) => msg === 'a replica is up again')
    assert.equal(await state('ready'), 1)
    const balanced = await forEach(Array.from({ length: 40 }), 8, () => client.ask('/'))
    assert.ok(tally(balanced.map(({ replica }) => replica)).a! > 0)
    const fresh = await forEach(sessionNames(200), 8, (name) => ask(`later-${name}`))
    assert.ok(tally(fresh.map(({ replica }) => replica)).a! > 0)
    // Who was moved stays where it was moved to.
    for (const name of names) assert.equal((await ask(name)).decision, 'hit')
  })

  test('connections is ejected with a back-off that doubles, and recovers', async () => {
    await using replicas = await startReplicas(2)
    await using router = await startRouter({
      workers: 1,
      config: `services:
  - name: app
    balance: round-robin
    health: off
    ejection: { failures: 2, backoff: 200ms, maxBackoff: 10s }
    replicas:
${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const ejections = async () => (await router.metrics()).sum('limpet_ejections_total', { replica: 'a' })
    await replicas[0]!.kill()
    const killedAtMs = Date.now()
    const ejectedAtMs: number[] = []
    await until('a third ejection', async () => {
      const { status, replica } = await client.ask('/')
      assert.deepEqual([status, replica], [200, 'b'])
      const count = await ejections()
      while (ejectedAtMs.length < count) ejectedAtMs.push(Date.now())
      return count >= 3
    })
    const [, second = 0, third = 0] = ejectedAtMs
    assert.ok(second - killedAtMs >= 200, `${second - killedAtMs} ms`)
    assert.ok(third - killedAtMs >= 600, `${third - killedAtMs} ms`)
    assert.equal((await router.metrics()).sum('limpet_replica_state', { replica: 'a', state: 'ejected' }), 1)
    const retries = (await router.metrics()).sum('limpet_retries_total')
    // Two failures before the first ejection, one before each other: the dead replica costs no more than that.
    assert.equal(retries, 4)

    await replicas[0]!.restart()
    await until('a serves again', async () => (await client.ask('/')).replica === 'a')
    assert.equal((await router.metrics()).sum('limpet_replica_state', { replica: 'a', state: 'ready' }), 1)
    const balanced = await forEach(Array.from({ length: 40 }), 4, () => client.ask('/'))
    assert.deepEqual(tally(balanced.map(({ replica }) => replica)), { a: 20, b: 20 })
  })

  test('as a TCP connect is the check where no path is given', async () => {
    await using replicas = await startReplicas(2)
    await using router = await startRouter({
      config: `services:
  - name: app
    health: { interval: 50ms, unhealthy: 1 }
    replicas:
${replicaLines(replicas)}`,
    })
    await replicas[1]!.kill()
    const down = await router.logged('that b is down', ({ msg }) => msg === 'a replica is down')
    assert.deepEqual([down.replica, down.reason], ['b', 'ECONNREFUSED'])
    await replicas[1]!.restart()
    await router.logged(
      'that b is up',
      ({ msg, replica }) => msg === 'a replica is up again' && replica === 'b',
    )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplica } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

const configOf = (replicas: readonly TestReplica[], more = '') =>
  `services:\n  - name: app\n${more}    replicas:\n${replicaLines(replicas)}`

describe('a reload of the config', () => {
  test('that adds a replica moves no live session, and new ones reach it', async () => {
    await using replicas = await startReplicas(4)
    await using router = await startRouter({ config: configOf(replicas.slice(0, 3)) })
    using client = new Client(router.port)
    const ask = (name: string) => client.ask('/', { headers: { 'x-session-id': name } })
    const names = sessionNames(300)
    const homes = await forEach(names, 16, async (name) => (await ask(name)).replica)
    await router.reload(configOf(replicas))
    const after = await forEach(names, 16, ask)
    for (const [index, answer] of after.entries()) {
      assert.deepEqual([answer.replica, answer.decision], [homes[index], 'hit'])
    }
    const fresh = await forEach(sessionNames(300), 16, (name) => ask(`new-${name}`))
    const counts = tally(fresh.map(({ replica }) => replica))
    assert.ok(counts.d! >= 50, JSON.stringify(counts))
  })

  test('that removes a replica moves its sessions, and lets what it has in hand end', async () => {
    await using replicas = await startReplicas(3)
    await using router = await startRouter({ config: configOf(replicas) })
    using client = new Client(router.port)
    const ask = (name: string, path = '/') => client.ask(path, { headers: { 'x-session-id': name } })
    const names = sessionNames(150)
    const homes = await forEach(names, 16, async (name) => (await ask(name)).replica)
    const slow = ask(names[homes.indexOf('c')]!, '/slow?ms=700')
    await until('the slow request is under way', async () => {
      return (await router.metrics()).sum('limpet_requests_in_flight', { replica: 'c' }) === 1
    })
    await router.reload(configOf(replicas.slice(0, 2)))
    for (const [index, name] of names.entries()) {
      const first = await ask(name)
      if (homes[index] !== 'c') assert.deepEqual([first.replica, first.decision], [homes[index], 'hit'])
      else assert.equal(first.decision, 'moved; reason=removed')
      assert.deepEqual([(await ask(name)).replica], [first.replica])
    }
    assert.equal((await slow).replica, 'c')
    const metrics = await router.metrics()
    const orphans = homes.filter((home) => home === 'c').length
    assert.equal(metrics.sum('limpet_rehomes_total', { reason: 'removed' }), orphans)
    assert.throws(() => metrics.sum('limpet_sessions', { replica: 'c' }))

    // Back under its old name it is a new replica: it holds nothing of what it held.
    await router.reload(configOf(replicas))
    assert.equal((await router.metrics()).sum('limpet_sessions', { replica: 'c' }), 0)
    for (const name of names) assert.equal((await ask(name)).decision, 'hit')
  })

  test('that gives a replica another address under its name keeps its sessions', async () => {
    await using replicas = await startReplicas(3)
    const [a, b, c] = replicas as unknown as [TestReplica, TestReplica, TestReplica]
    await using router = await startRouter({ config: configOf([a, b]) })
    using client = new Client(router.port)
    const ask = (name: string) => client.ask('/', { headers: { 'x-session-id': name } })
    const names = sessionNames(60)
    const homes = await forEach(names, 16, async (name) => (await ask(name)).replica)
    await router.reload(configOf([a, { ...c, name: 'b' }]))
    for (const [index, answer] of (await forEach(names, 16, ask)).entries()) {
      assert.deepEqual([answer.replica, answer.decision], [homes[index] === 'a' ? 'a' : 'c', 'hit'])
    }
  })

  test('under traffic drops no connection and no request', async () => {
    await using replicas = await startReplicas(4)
    await using router = await startRouter({ config: configOf(replicas.slice(0, 3)) })
    using client = new Client(router.port, 16)
    let reloading = true
    let asked = 0
    const traffic = forEach(sessionNames(16), 16, async (name) => {
      for (; reloading; asked++) {
        const headers = { 'x-session-id': `${name}-${asked % 50}` }
        const answer = await client.ask('/', { method: 'POST', body: 'x', headers })
        assert.equal(answer.status, 200)
      }
    })
    await until('traffic', () => asked > 100)
    const connections = (await router.metrics()).sum('limpet_connections_total')
    for (const count of [4, 2, 3, 1, 4]) {
      const before = asked
      await router.reload(configOf(replicas.slice(0, count), `    ttl: ${count}h\n`))
      await until('more traffic', () => asked > before + 100)
    }
    reloading = false
    await traffic
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_connections_total'), connections)
    assert.equal(metrics.sum('limpet_requests_in_flight'), 0)
  })

  test('to an invalid one is refused with its place, the old one stays; SIGHUP says so again', async () => {
    await using replicas = await startReplicas(2)
    await using router = await startRouter({ config: configOf(replicas) })
    using client = new Client(router.port)
    const refusals = () =>
      router.log.filter(({ msg }) => String(msg).startsWith('the new config was refused'))
    await router.writeConfig(configOf(replicas, '    tttl: 5m\n'))
    await until('the refusal', () => refusals().length === 1)
    const [fault] = refusals()[0]!.faults as string[]
    assert.match(fault!, /limpet\.yaml:3:5: .*tttl/)
    assert.match(fault!, /did you mean ttl/i)
    assert.equal((await client.ask('/', { headers: { 'x-session-id': 'x' } })).status, 200)
    assert.equal(
      router.log.some(({ msg }) => msg === 'the config was reloaded'),
      false,
    )

    router.signal('SIGHUP')
    await until('the refusal after SIGHUP', () => refusals().length === 2)
    await router.reload(configOf(replicas.slice(0, 1)))
    assert.equal((await client.ask('/')).replica, 'a')
  })

  test('to a session module that cannot be loaded is refused, and the old one stays', async () => {
    await using replicas = await startReplicas(2)
    await using router = await startRouter({ config: configOf(replicas) })
    using client = new Client(router.port)
    const headers = { 'x-session-id': 'x' }
    const { replica } = await client.ask('/', { headers })
    await router.writeConfig(configOf(replicas, '    session: module:./absent.mjs\n'))
    const refused = await router.logged('the refusal', ({ msg }) =>
      String(msg).startsWith('the new config was refused'),
    )
    assert.match(String(refused.reason), /absent\.mjs can't be loaded/)
    const answer = await client.ask('/', { headers })
    assert.deepEqual([answer.replica, answer.decision], [replica, 'hit'])
  })

  test('tells which settings need a restart', async () => {
    await using replicas = await startReplicas(1)
    await using router = await startRouter({ config: configOf(replicas) })
    await router.writeConfig(`pins: { capacity: 5000 }\n${configOf(replicas)}`)
    const told = await router.logged('what needs a restart', ({ msg }) =>
      String(msg).includes('restart only'),
    )
    assert.deepEqual(told.settings, ['pins.capacity'])
  })
})

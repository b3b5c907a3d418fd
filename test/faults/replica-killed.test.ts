import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Browser, Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

const SESSIONS = 1000

describe('kill -9 of one replica of four', () => {
  test('moves its sessions alone, once each, and spreads them over the other three', async () => {
    await using replicas = await startReplicas(4)
    await using router = await startRouter({
      config: `services:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const ask = (name: string) => client.ask('/', { headers: { 'x-session-id': name } })
    const names = sessionNames(SESSIONS)
    const homes = await forEach(names, 32, async (name) => (await ask(name)).replica)
    const orphans = homes.filter((home) => home === 'b').length
    assert.ok(orphans > 100)

    // Under load: the replica dies in the middle of the round.
    const killAt = SESSIONS / 2
    let killed: Promise<void> | undefined
    let inHand = 0
    const seen = names.map(() => [] as (readonly [string | undefined, string | undefined])[])
    const round = Array.from({ length: SESSIONS * 4 }, (_, index) => index % SESSIONS)
    await forEach(round, 32, async (index, at) => {
      if (at === killAt) killed = replicas[1]!.kill()
      const { replica, decision, status } = await ask(names[index]!)
      if (status === 200) {
        seen[index]!.push([replica, decision])
        return
      }
      // What the dying replica had in hand may have been executed; nothing else fails.
      assert.deepEqual([status, homes[index]], [502, 'b'])
      inHand++
    })
    await killed
    assert.ok(inHand <= 32, `${inHand} requests failed`)

    const movedTo: (string | undefined)[] = []
    for (const [index, answers] of seen.entries()) {
      const moves = answers.filter(([, decision]) => decision?.startsWith('moved'))
      if (homes[index] !== 'b') {
        assert.deepEqual(
          answers,
          Array.from({ length: 4 }, () => [homes[index], 'hit']),
        )
        continue
      }
      assert.equal(moves.length, 1)
      assert.match(moves[0]![1]!, /^moved; reason=(refused|ejected|down)$/)
      const from = answers.indexOf(moves[0]!)
      const home = moves[0]![0]
      for (const [replica, decision] of answers.slice(from + 1))
        assert.deepEqual([replica, decision], [home, 'hit'])
      for (const [replica, decision] of answers.slice(0, from))
        assert.deepEqual([replica, decision], ['b', 'hit'])
      movedTo.push(home)
    }
    const spread = tally(movedTo)
    assert.deepEqual(Object.keys(spread).sort(), ['a', 'c', 'd'])
    const all = tally(homes.filter((home) => home !== 'b').concat(movedTo))
    const most = Math.ceil((1.25 * SESSIONS) / 3) + 8
    for (const count of Object.values(all)) assert.ok(count <= most, JSON.stringify(all))
    for (const count of Object.values(spread))
      assert.ok(count <= (1.25 * orphans) / 3 + 8, JSON.stringify(spread))

    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_rehomes_total'), orphans)
    assert.equal(metrics.sum('limpet_requests_total', { decision: 'moved' }), orphans)
    assert.equal(metrics.sum('limpet_sessions', { replica: 'b' }), 0)
    assert.equal(metrics.sum('limpet_pins'), SESSIONS)
  })

  test('moves a session once, also when many of its requests find the replica gone at once', async () => {
    await using replicas = await startReplicas(4)
    await using router = await startRouter({
      config: `services:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port, 64)
    const headers = { 'x-session-id': 'busy' }
    const { replica: home } = await client.ask('/', { headers })
    await replicas.find(({ name }) => name === home)!.kill()
    const answers = await forEach(Array.from({ length: 64 }), 64, () => client.ask('/', { headers }))
    assert.deepEqual(Object.keys(tally(answers.map(({ replica }) => replica))).length, 1)
    assert.equal((await router.metrics()).sum('limpet_rehomes_total'), 1)
    assert.equal(answers.filter(({ decision }) => decision?.startsWith('moved')).length, 1)
  })

  test('moves cookie sessions with a new cookie, which says so to another router too', async () => {
    await using replicas = await startReplicas(3)
    const config = `services:\n  - name: app\n    session: cookie\n    replicas:\n${replicaLines(replicas)}`
    const env = { LIMPET_KEYS: '1:c2VjcmV0LXNlY3JldC1zZWNyZXQ' }
    await using router = await startRouter({ config, env })
    await using other = await startRouter({ config, env })
    using client = new Client(router.port)
    using otherClient = new Client(other.port)
    const browsers = sessionNames(60).map(() => new Browser(client))
    const homes = await forEach(browsers, 8, async (browser) => (await browser.ask('/')).replica)
    await replicas[0]!.kill()
    for (const [index, browser] of browsers.entries()) {
      const answer = await browser.ask('/')
      if (homes[index] !== 'a') {
        assert.deepEqual([answer.replica, answer.decision, answer.cookies], [homes[index], 'hit', []])
        continue
      }
      assert.match(answer.decision!, /^moved; reason=/)
      assert.equal(answer.cookies.length, 1)
      assert.deepEqual((await browser.ask('/')).decision, 'hit')
      const elsewhere = new Browser(otherClient)
      for (const [name, value] of browser.jar) elsewhere.jar.set(name, value)
      const there = await elsewhere.ask('/')
      assert.deepEqual([there.replica, there.decision, there.cookies], [answer.replica, 'hit', []])
    }
  })

  test('answers 502 to POSTs in flight, and none of them is executed twice', async () => {
    await using replicas = await startReplicas(2)
    await using router = await startRouter({
      config: `services:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port, 64)
    const names = sessionNames(40)
    const homes = await forEach(names, 32, async (name) => {
      return (await client.ask('/', { headers: { 'x-session-id': name } })).replica
    })
    const victim = replicas[0]!
    const theirs = names.filter((_, index) => homes[index] === 'a')
    assert.ok(theirs.length > 5)
    const post = (path: string, name: string, id: string) =>
      client.ask(path, {
        method: 'POST',
        body: 'x=1',
        headers: { 'x-session-id': name, 'x-request-id': id, accept: 'application/json' },
      })
    const inFlight = theirs.map((name) => post('/hang', name, `post-${name}`))
    await until('all POSTs are at the replica', () => victim.requestIds.length === theirs.length)
    await victim.kill()
    for (const answer of await Promise.all(inFlight)) {
      assert.equal(answer.status, 502)
      assert.equal(JSON.parse(answer.body).error.code, 'LIMPET_REPLICA_RESET')
    }
    // One that could not be sent to the dead replica is not lost, since nobody executed it.
    const next = await forEach(theirs, 8, (name) => post('/', name, `next-${name}`))
    for (const { status, replica } of next) assert.deepEqual([status, replica], [200, 'b'])
    const executed = tally(replicas.flatMap(({ requestIds }) => requestIds))
    assert.equal(Object.keys(executed).length, 2 * theirs.length)
    for (const [id, times] of Object.entries(executed)) assert.equal(times, 1, id)
  })

  test('with on-lost reject: the session is refused until its replica is back, others are served', async () => {
    await using replicas = await startReplicas(3)
    await using router = await startRouter({
      config: `services:
  - name: app
    onLost: reject
    health: { path: /healthz, interval: 100ms, timeout: 500ms }
    ejection: { failures: 3, backoff: 200ms }
    replicas:
${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const ask = (name: string) =>
      client.ask('/', { headers: { 'x-session-id': name, accept: 'application/json' } })
    const names = sessionNames(60)
    const homes = await forEach(names, 16, async (name) => (await ask(name)).replica)
    await replicas[2]!.kill()
    for (let round = 0; round < 3; round++) {
      for (const [index, name] of names.entries()) {
        const answer = await ask(name)
        if (homes[index] === 'c') {
          assert.equal(answer.status, 503)
          assert.equal(JSON.parse(answer.body).error.code, 'LIMPET_SESSION_LOST')
          assert.equal(answer.headers['retry-after'], '1')
        } else assert.deepEqual([answer.replica, answer.decision], [homes[index], 'hit'])
      }
    }
    await replicas[2]!.restart()
    const lost = names.filter((_, index) => homes[index] === 'c')
    await until('the session is served again', async () => (await ask(lost[0]!)).status === 200)
    for (const name of lost) {
      const answer = await ask(name)
      assert.deepEqual([answer.replica, answer.decision], ['c', 'hit'])
    }
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_rehomes_total'), 0)
    assert.ok(metrics.sum('limpet_refusals_total', { code: 'LIMPET_SESSION_LOST' }) >= 3 * lost.length)
  })
})

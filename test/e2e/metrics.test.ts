import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('what a router tells its operator', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(2)
  })
  after(() => replicas[Symbol.asyncDispose]())

  const configOf = (more = '') =>
    `log: { access: stdout }\nservices:\n  - name: app\n${more}    replicas:\n${replicaLines(replicas)}`

  test('metrics are right after known traffic', async () => {
    await using router = await startRouter({ config: configOf('    balance: round-robin\n'), workers: 1 })
    using client = new Client(router.port, 4)
    const named = await forEach(sessionNames(30).concat(sessionNames(30)), 4, (name) =>
      client.ask('/', { method: 'POST', body: 'twelve bytes', headers: { 'x-session-id': name } }),
    )
    await forEach(Array.from({ length: 10 }), 4, () => client.ask('/'))
    for (const code of [204, 304, 404, 500]) await client.ask(`/status?code=${code}`)
    const aborted = await client.ask('/slow?ms=60').then(() => 'whole')
    assert.equal(aborted, 'whole')

    const homes = tally(named.map(({ replica }) => replica))
    const metrics = await router.metrics()
    const app = { service: 'app' }
    assert.equal(metrics.sum('limpet_requests_total', { ...app, decision: 'new' }), 30)
    assert.equal(metrics.sum('limpet_requests_total', { ...app, decision: 'hit' }), 30)
    assert.equal(metrics.sum('limpet_requests_total', { ...app, decision: 'none' }), 15)
    assert.equal(metrics.sum('limpet_requests_total', { ...app, decision: 'moved' }), 0)
    for (const name of ['a', 'b']) {
      const replica = { ...app, replica: name }
      const sessions = homes[name]! / 2
      assert.equal(metrics.sum('limpet_requests_total', { ...replica, decision: 'new' }), sessions)
      assert.equal(metrics.sum('limpet_sessions', replica), sessions)
      assert.equal(metrics.sum('limpet_request_bytes_total', replica), homes[name]! * 12)
      assert.equal(metrics.sum('limpet_replica_state', { ...replica, state: 'ready' }), 1)
      assert.equal(metrics.sum('limpet_replica_state', replica), 1)
    }
    for (const [kind, count] of Object.entries({ '2xx': 72, '3xx': 1, '4xx': 1, '5xx': 1, aborted: 0 })) {
      assert.equal(metrics.sum('limpet_responses_total', { ...app, class: kind }), count, kind)
    }
    assert.equal(metrics.sum('limpet_request_duration_seconds_count', app), 75)
    const slower = 75 - metrics.sum('limpet_request_duration_seconds_bucket', { ...app, le: '0.05' })
    assert.ok(slower >= 1, 'the slow request is in a bucket above 50 ms')
    assert.ok(metrics.sum('limpet_request_duration_seconds_sum', app) >= 0.06)
    assert.equal(metrics.sum('limpet_pins'), 30)
    assert.equal(metrics.sum('limpet_pins_inserted_total'), 30)
    assert.equal(metrics.sum('limpet_pins_evicted_total', { kind: 'live' }), 0)
    for (const name of ['limpet_retries_total', 'limpet_rehomes_total', 'limpet_requests_aborted_total']) {
      assert.equal(metrics.sum(name, app), 0, name)
    }
    assert.equal(metrics.sum('limpet_requests_in_flight', app), 0)
    assert.equal(metrics.sum('limpet_connections'), 4)
    assert.equal(metrics.sum('limpet_workers'), 1)
    assert.ok(metrics.has('process_resident_memory_bytes'))
  })

  test('requests under way are counted while they are, and clients that leave as such', async () => {
    await using router = await startRouter({ config: configOf() })
    using client = new Client(router.port, 8)
    const leaving = [1, 2, 3].map(() => client.ask('/hang').catch((error: Error) => error))
    await until('3 under way', async () => (await router.metrics()).sum('limpet_requests_in_flight') === 3)
    client[Symbol.dispose]()
    for (const answer of await Promise.all(leaving)) assert.ok(answer instanceof Error)
    const metrics = await until('0 under way', async () => {
      const now = await router.metrics()
      return now.sum('limpet_requests_in_flight') === 0 ? now : undefined
    })
    assert.equal(metrics.sum('limpet_requests_aborted_total', { service: 'app' }), 3)
    assert.equal(metrics.sum('limpet_responses_total', { class: 'aborted' }), 3)
  })

  test('pins that make room for others are counted', async () => {
    await using router = await startRouter({ config: `pins: { capacity: 1024 }\n${configOf()}` })
    using client = new Client(router.port)
    await forEach(sessionNames(4000), 32, (name) => client.ask('/', { headers: { 'x-session-id': name } }))
    const metrics = await router.metrics()
    const live = metrics.sum('limpet_pins')
    assert.ok(live >= 1024 && live < 4000, `${live} pins`)
    assert.equal(metrics.sum('limpet_pins_inserted_total'), 4000)
    assert.equal(metrics.sum('limpet_pins_evicted_total', { kind: 'live' }), 4000 - live)
  })

  test('the access log has one line for each request, without the query and credentials', async () => {
    await using router = await startRouter({
      config: configOf('    session: [header:x-session-id, bearer, query:sid]\n'),
    })
    using client = new Client(router.port, 4)
    const secret = 'hunter2secret'
    const asks = sessionNames(300).map(
      (name, index) =>
        [
          `/p/${index}?sid=${secret}`,
          { 'x-session-id': `${secret}-${name}`, authorization: `Bearer ${secret}`, cookie: `sid=${secret}` },
        ] as const,
    )
    const answers = await forEach(asks, 4, ([path, headers]) => client.ask(path, { headers }))
    await client.ask('/p/none')
    await client.ask('/', { headers: { authorization: `Bearer ${secret}` } })
    await until('all lines', () => router.accessLog().length >= 302)
    const lines = router.accessLog()
    assert.equal(lines.length, 302)
    assert.ok(!JSON.stringify(router.log).includes(secret))
    for (const [index, answer] of answers.entries()) {
      const found = lines.filter(({ path }) => path === `/p/${index}`)
      assert.equal(found.length, 1)
      const { client: from, method, status, service, replica, session, decision, out } = found[0]!
      assert.deepEqual(
        { from, method, status, service, replica, session, decision, out },
        {
          from: '127.0.0.1',
          method: 'GET',
          status: 200,
          service: 'app',
          replica: answer.replica,
          session: 'valid',
          decision: 'new',
          out: answer.body.length,
        },
      )
      assert.ok((found[0]!.ms as number) > 0)
      assert.ok(Math.abs((found[0]!.at as number) - Date.now()) < 60_000)
    }
    assert.equal(new Set(lines.map(({ sid }) => sid)).size, 302)
    const without = lines.find(({ path }) => path === '/p/none')!
    assert.deepEqual([without.session, without.sid, without.decision], ['none', undefined, 'none'])
  })

  test('the access log is off unless asked for', async () => {
    await using router = await startRouter({ config: configOf().replace('log: { access: stdout }\n', '') })
    using client = new Client(router.port)
    await client.ask('/')
    router.signal('SIGTERM')
    await router.exited
    assert.deepEqual(router.accessLog(), [])
  })

  test('the decision field can be switched off', async () => {
    await using router = await startRouter({ config: configOf('    decisionHeader: false\n') })
    using client = new Client(router.port)
    assert.equal((await client.ask('/', { headers: { 'x-session-id': 'x' } })).decision, undefined)
  })
})

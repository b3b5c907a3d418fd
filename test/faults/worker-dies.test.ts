import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Client, forEach, sessionNames } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { startRouter, temporaryFolder } from '../kit/router.ts'

/** A session function as a user may write it, with two ways to end the thread that it runs in. */
const deadlyModule = `
export function session(head) {
  const death = head.header('x-death')
  if (death === 'exit') process.exit(3)
  if (death === 'throw') setTimeout(() => { throw new Error('from a timer') }, 0)
  if (head.header('x-fail') !== undefined) throw new Error('secret detail')
  return head.header('x-session-id')
}
`

describe('a worker thread that dies', () => {
  test('is replaced; its counts end with it, and sessions stay where they are', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'session.mjs')
    await writeFile(path, deadlyModule)
    await using replicas = await startReplicas(3)
    await using router = await startRouter({
      workers: 2,
      config: `services:\n  - name: app\n    session: "module:${path}"\n    replicas:\n${replicaLines(replicas)}`,
    })
    const deaths = () => router.log.filter(({ msg }) => msg === 'a worker thread died; it is replaced')
    const inFlight = async () => (await router.metrics()).sum('limpet_requests_in_flight')
    using client = new Client(router.port, 64)
    const names = sessionNames(100)
    const homes = await forEach(names, 32, async (name) => {
      return (await client.ask('/', { headers: { 'x-session-id': name } })).replica
    })

    const hanging = names
      .slice(0, 30)
      .map((name) =>
        client.ask('/hang', { headers: { 'x-session-id': name } }).catch((error: Error) => error),
      )
    await until('30 are under way', async () => (await inFlight()) === 30)
    /** False when no worker was there to take the connection. */
    const die = async (how: string): Promise<boolean> => {
      using victim = new Client(router.port, 1)
      const answer = await victim.ask('/', { headers: { 'x-death': how } }).catch((error: Error) => error)
      assert.ok(answer instanceof Error)
      return (answer as NodeJS.ErrnoException).code !== 'ECONNREFUSED'
    }
    for (const how of ['exit', 'throw']) {
      // The kernel chooses the worker: until each has died of this at least once.
      const before = deaths().length
      const threads = () =>
        new Set(
          deaths()
            .slice(before)
            .map(({ thread }) => thread),
        )
      await until(`both workers died of ${how}`, async () => {
        const count = deaths().length
        if (!(await die(how))) return false
        await until('a death is logged', () => deaths().length > count)
        return threads().size === 2
      })
    }
    for (const answer of await Promise.all(hanging)) assert.ok(answer instanceof Error)

    assert.equal(await inFlight(), 0)
    using again = new Client(router.port, 64)
    await until('all sessions are served', async () => {
      return again.ask('/').then(
        () => true,
        () => false,
      )
    })
    const answers = await forEach(names, 32, (name) => again.ask('/', { headers: { 'x-session-id': name } }))
    for (const [index, { replica, decision }] of answers.entries()) {
      assert.deepEqual([replica, decision], [homes[index], 'hit'])
    }
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_requests_in_flight'), 0)
    assert.ok(metrics.sum('limpet_connections') <= 65, `${metrics.sum('limpet_connections')} connections`)
  })

  test('does not die of a session function that throws: 500 for that request alone', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'session.mjs')
    await writeFile(path, deadlyModule)
    await using replicas = await startReplicas(2)
    await using router = await startRouter({
      config: `log: { access: stdout }\nservices:\n  - name: app\n    session: "module:${path}"\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port, 1)
    for (let round = 0; round < 5; round++) {
      const failed = await client.ask('/', { headers: { 'x-fail': '1' } })
      assert.equal(failed.status, 500)
      assert.match(failed.body, /^LIMPET_SESSION_SOURCE_FAILED/)
      assert.ok(!failed.body.includes('secret detail'))
      assert.equal((await client.ask('/', { headers: { 'x-session-id': 'x' } })).status, 200)
    }
    const warned = await router.logged('the error', ({ msg }) =>
      String(msg).startsWith('a session source threw'),
    )
    assert.deepEqual([warned.service, warned.error], ['app', 'secret detail'])
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_session_source_errors_total', { service: 'app' }), 5)
    assert.equal(metrics.sum('limpet_refusals_total', { code: 'LIMPET_SESSION_SOURCE_FAILED' }), 5)
    assert.equal(metrics.sum('limpet_requests_total'), 5)
  })
})

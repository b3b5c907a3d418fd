import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client } from '../kit/client.ts'
import { until, within } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplica } from '../kit/replica.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'

const configOf = (replicas: readonly TestReplica[], shutdown: string) =>
  `timeouts: { shutdown: ${shutdown} }\nservices:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`

async function underWay(router: TestRouter, count: number): Promise<void> {
  await until(`${count} requests under way`, async () => {
    return (await router.metrics()).sum('limpet_requests_in_flight') === count
  })
}

describe('SIGTERM', () => {
  test('lets requests under way end, accepts no more, and says at /readyz that it leaves', async () => {
    await using replicas = await startReplicas(1)
    await using router = await startRouter({ config: configOf(replicas, '10s') })
    using client = new Client(router.port)
    await client.ask('/')
    assert.equal((await fetch(`${router.adminUrl}/readyz`)).status, 200)
    const slow = [1, 2, 3].map(() => client.ask('/slow?ms=1000'))
    await underWay(router, 3)
    router.signal('SIGTERM')
    await router.logged('that it stops', ({ msg }) => String(msg).startsWith('stopping'))
    assert.equal((await fetch(`${router.adminUrl}/readyz`)).status, 503)
    assert.equal((await fetch(`${router.adminUrl}/healthz`)).status, 200)
    using late = new Client(router.port)
    await until('no more connections', async () => {
      const answer = await late.ask('/').catch((error: NodeJS.ErrnoException) => error.code)
      return answer === 'ECONNREFUSED'
    })
    for (const answer of await Promise.all(slow)) {
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.connection, 'close')
    }
    assert.deepEqual(await within(5000, 'the exit', router.exited), { code: 0, signal: null })
    assert.ok(router.log.some(({ msg }) => msg === 'stopped'))
  })

  test('cuts at the deadline what has not ended', async () => {
    await using replicas = await startReplicas(1)
    await using router = await startRouter({ config: configOf(replicas, '400ms') })
    using client = new Client(router.port)
    const hanging = client.ask('/hang').catch((error: Error) => error)
    await underWay(router, 1)
    const startMs = Date.now()
    router.signal('SIGTERM')
    assert.ok((await hanging) instanceof Error)
    assert.deepEqual(await within(5000, 'the exit', router.exited), { code: 0, signal: null })
    const tookMs = Date.now() - startMs
    assert.ok(tookMs >= 350 && tookMs < 3000, `${tookMs} ms`)
  })

  test('and another signal, however soon, ends at once', async () => {
    await using replicas = await startReplicas(1)
    await using router = await startRouter({ config: configOf(replicas, '60s') })
    using client = new Client(router.port)
    const hanging = client.ask('/hang').catch((error: Error) => error)
    await underWay(router, 1)
    // Two of one kind at once count as one for the system.
    router.signal('SIGTERM')
    router.signal('SIGINT')
    assert.deepEqual(await within(5000, 'the exit', router.exited), { code: 130, signal: null })
    assert.ok((await hanging) instanceof Error)
  })

  test('ends an idle router with connections kept alive right away', async () => {
    await using replicas = await startReplicas(1)
    await using router = await startRouter({ config: configOf(replicas, '60s') })
    using client = new Client(router.port)
    await client.ask('/')
    router.signal('SIGINT')
    assert.deepEqual(await within(5000, 'the exit', router.exited), { code: 0, signal: null })
  })
})

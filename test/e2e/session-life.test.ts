import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('a session that its client names', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(2)
  })
  after(() => replicas[Symbol.asyncDispose]())

  const configOf = (more: string) =>
    `services:\n  - name: app\n${more}    replicas:\n${replicaLines(replicas)}`

  test('lives as long as it is used, and ends its ttl after that', async () => {
    await using router = await startRouter({ config: configOf('    ttl: 2s\n') })
    using client = new Client(router.port)
    const ask = async () => (await client.ask('/', { headers: { 'x-session-id': 'x' } })).decision
    assert.equal(await ask(), 'new')
    const endMs = Date.now() + 2500
    while (Date.now() < endMs) {
      assert.equal(await ask(), 'hit')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await new Promise((resolve) => setTimeout(resolve, 2300))
    assert.equal(await ask(), 'new')
  })

  test('ends at its greatest age, however busy it is', async () => {
    await using router = await startRouter({ config: configOf('    ttl: 1s\n    maxAge: 1s\n') })
    using client = new Client(router.port)
    const ask = async () => (await client.ask('/', { headers: { 'x-session-id': 'x' } })).decision
    assert.equal(await ask(), 'new')
    const startMs = Date.now()
    await until('the session begins anew', async () => (await ask()) === 'new')
    const ageMs = Date.now() - startMs
    assert.ok(ageMs >= 900 && ageMs < 1500, `${ageMs} ms`)
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client, forEach, tally } from '../kit/client.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('requests that name no session', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(4)
  })
  after(() => replicas[Symbol.asyncDispose]())

  async function shares(
    balance: string,
    workers: number,
    count: number,
    weights: Record<string, string> = {},
  ) {
    await using router = await startRouter({
      workers,
      config: `services:\n  - name: app\n    balance: ${balance}\n    replicas:\n${replicaLines(replicas, weights)}`,
    })
    using client = new Client(router.port, 8)
    const answers = await forEach(Array.from({ length: count }), 8, () => client.ask('/'))
    assert.deepEqual(tally(answers.map(({ decision }) => decision)), { none: count })
    assert.equal((await router.metrics()).sum('limpet_pins'), 0)
    return tally(answers.map(({ replica }) => replica))
  }

  test('round-robin gives exact shares', async () => {
    assert.deepEqual(await shares('round-robin', 1, 400), { a: 100, b: 100, c: 100, d: 100 })
  })

  test('round-robin gives exact shares by weight', async () => {
    const weights = { a: 'weight: 5', b: 'weight: 2' }
    assert.deepEqual(await shares('round-robin', 1, 450, weights), { a: 250, b: 100, c: 50, d: 50 })
  })

  test('round-robin over two workers is even to one request a worker', async () => {
    const counts = Object.values(await shares('round-robin', 2, 400))
    assert.equal(counts.length, 4)
    for (const count of counts) assert.ok(Math.abs(count - 100) <= 2, String(counts))
  })

  test('random comes near the shares', async () => {
    const counts = await shares('random', 2, 1600, { a: 'weight: 5' })
    // Six standard deviations.
    assert.ok(Math.abs(counts.a! - 1000) < 117, JSON.stringify(counts))
    for (const name of ['b', 'c', 'd']) assert.ok(Math.abs(counts[name]! - 200) < 80, JSON.stringify(counts))
  })

  test('least-load uses all, and leaves alone the one that is busy', async () => {
    assert.deepEqual(Object.keys(await shares('least-load', 2, 400)).sort(), ['a', 'b', 'c', 'd'])

    await using router = await startRouter({
      config: `services:\n  - name: app\n    balance: least-load\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port, 128)
    const slow = await forEach(Array.from({ length: 80 }), 80, () => client.ask('/slow?ms=500'))
    const counts = Object.values(tally(slow.map(({ replica }) => replica)))
    // With two choices the fullest of 4 holds a few more than its 20; at random it would be about 26.
    assert.ok(Math.max(...counts) <= 24, String(counts))
  })
})

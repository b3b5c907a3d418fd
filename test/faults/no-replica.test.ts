import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client } from '../kit/client.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('no replica that can be reached', () => {
  test('is a 503 with Retry-After, as text or as JSON, and the sessions begin anew when one is', async () => {
    await using replicas = await startReplicas(2)
    await using router = await startRouter({
      config: `services:
  - name: app
    onLost: reject
    health: off
    ejection: { failures: 1, backoff: 100ms, maxBackoff: 100ms }
    replicas:
${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    await Promise.all(replicas.map((replica) => replica.kill()))
    const headers = { 'x-session-id': 'first' }
    for (let round = 0; round < 3; round++) {
      const text = await client.ask('/', { headers })
      assert.equal(text.status, 503)
      assert.equal(text.headers['retry-after'], '1')
      assert.match(String(text.headers['content-type']), /^text\/plain/)
      assert.match(text.body, /^LIMPET_NO_REPLICA: /)
      const json = await client.ask('/', {
        headers: { ...headers, accept: 'application/json, text/plain;q=0.5' },
      })
      assert.equal(json.status, 503)
      assert.equal(JSON.parse(json.body).error.code, 'LIMPET_NO_REPLICA')
      for (const answer of [text, json]) assert.ok(!/127\.0\.0\.1|ECONN/.test(answer.body))
    }
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_refusals_total', { code: 'LIMPET_NO_REPLICA' }), 6)
    assert.equal(metrics.sum('limpet_pins'), 0)
    assert.equal(metrics.sum('limpet_requests_in_flight'), 0)
    await replicas[1]!.restart()
    // Nothing of the session was lost, so even this service, which moves no session, may place it.
    for (let attempt = 0; ; attempt++) {
      const answer = await client.ask('/', { headers })
      assert.notEqual(answer.body.includes('LIMPET_SESSION_LOST'), true)
      if (answer.status === 200) {
        assert.equal(answer.decision, 'new')
        break
      }
      assert.ok(attempt < 200)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })

  test('of an empty list: 503 too', async () => {
    await using router = await startRouter({ config: 'services:\n  - name: app\n    replicas: []\n' })
    using client = new Client(router.port)
    assert.equal((await client.ask('/')).status, 503)
    assert.equal((await client.ask('/', { headers: { 'x-session-id': 'x' } })).status, 503)
  })
})

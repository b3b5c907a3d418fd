import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeRaw } from '../kit/client.ts'
import { startReplica } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

test('content that is too large with its head reaches no replica, and is counted once', async () => {
  await using replica = await startReplica('a')
  await using router = await startRouter({
    args: ['--access-log'],
    config: `limits: { bodyBytes: 10 }
services: [{ name: app, session: [], replicas: [{ url: "${replica.url}", name: a }] }]`,
  })
  const head =
    'POST /x HTTP/1.1\r\nHost: a\r\nx-request-id: large\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
  const answer = await exchangeRaw(router.port, `${head}14\r\n${'x'.repeat(20)}\r\n0\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*LIMPET_BODY_TOO_LARGE/)
  assert.deepEqual(replica.requestIds, [])
  await router.logged('the access line', ({ refused }) => refused === 'LIMPET_BODY_TOO_LARGE')
  assert.equal(router.accessLog().length, 1)
  const metrics = await router.metrics()
  assert.equal(metrics.sum('limpet_requests_in_flight'), 0)
  assert.equal(metrics.sum('limpet_refusals_total', { code: 'LIMPET_BODY_TOO_LARGE' }), 1)
})

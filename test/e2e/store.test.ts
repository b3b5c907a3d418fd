import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../kit/process.ts'
import { startRedis } from '../kit/redis-server.ts'
import { startReplica } from '../kit/replica.ts'
import { startRouter, temporaryFolder } from '../kit/router.ts'

const ask = async (url: string, session: string) => {
  const response = await fetch(url, { headers: { 'x-session-id': session } })
  await response.arrayBuffer()
  return response.status
}

test('a router serves with its store up, down and back, says so, and keeps its password to itself', {
  timeout: 60_000,
}, async () => {
  const password = 'hunter2'
  await using redis = await startRedis({ password })
  await using replica = await startReplica('a')
  await using router = await startRouter({
    config: `services: [{ name: app, replicas: ['${replica.url}'] }]`,
    args: ['--store', `redis://127.0.0.1:${redis.port}`],
    env: { LIMPET_STORE_PASSWORD: password },
  })
  const up = async () => (await router.metrics()).sum('limpet_store_up')
  assert.equal(await up(), 1)
  assert.equal(await ask(router.url, 'a'), 200)
  await redis.stop()
  await router.logged('that the store is down', ({ msg }) => /can't be used/.test(String(msg)))
  assert.equal(await up(), 0)
  assert.equal(await ask(router.url, 'b'), 200)
  await redis.restart()
  await router.logged('that the store is back', ({ msg }) => /is back/.test(String(msg)))
  assert.equal(await up(), 1)
  assert.equal(await ask(router.url, 'c'), 200)
  router.signal('SIGTERM')
  assert.equal((await router.exited).code, 0)
  assert.doesNotMatch(JSON.stringify(router.log), new RegExp(password))
})

test('a router starts and serves without the store that its config names', { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder()
  await using replica = await startReplica('a')
  await using router = await startRouter({
    config: `
store: sqlite:${join(folder.path, 'absent/pins.db')}
services: [{ name: app, replicas: ['${replica.url}'] }]`,
  })
  await router.logged(
    'why',
    ({ msg, reason }) => /can't be used/.test(String(msg)) && /unable to open/.test(String(reason)),
  )
  assert.equal(await ask(router.url, 'a'), 200)
  await until('the metric says so', async () => (await router.metrics()).sum('limpet_store_up') === 0)
})

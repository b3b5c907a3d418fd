import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { verifyProxy } from './verify.ts'

const replicaPorts = [8001, 8002]
const good = { for: '127.0.0.1', proto: 'http', host: 'bench.example', requests: '40' }

/** Verifies a stand-in for proxy and replicas that answers request number `count` with these fields. */
async function verifyStandIn(
  answer: (session: string, count: number) => Readonly<Record<string, string | number>>,
): Promise<void> {
  let count = 0
  const server = createServer((request, response) => {
    const fields = Object.entries(answer(String(request.headers['x-session']), count++))
    response.end(fields.map(([name, value]) => `${name}=${value}`).join('\n'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await verifyProxy((server.address() as AddressInfo).port, replicaPorts)
  } finally {
    server.close()
  }
}

const replicaOf = (session: string) => replicaPorts[Number(session.at(-1)) % 2]!

test('accepts a proxy that sticks, spreads, forwards and keeps connections', async () => {
  await verifyStandIn((session) => ({ ...good, replica: replicaOf(session) }))
})

test('refuses one that moves sessions', async () => {
  const moving = verifyStandIn((_session, count) => ({ ...good, replica: replicaPorts[count % 2]! }))
  await assert.rejects(moving, /session s-1 moved from 800\d to 800\d/)
})

test('refuses one that uses one replica for all', async () => {
  const single = verifyStandIn(() => ({ ...good, replica: 8001 }))
  await assert.rejects(single, /40 sessions reached 1 of 2 replicas/)
})

for (const [field, pattern] of [
  ['for', /X-Forwarded-For was ""/],
  ['proto', /X-Forwarded-Proto was ""/],
  ['host', /X-Forwarded-Host was ""/],
] as const) {
  test(`refuses one that does not send X-Forwarded-${field}`, async () => {
    const bare = verifyStandIn((session) => ({ ...good, [field]: '', replica: replicaOf(session) }))
    await assert.rejects(bare, pattern)
  })
}

test('refuses one that opens a connection for each request', async () => {
  const wasteful = verifyStandIn((session) => ({ ...good, requests: 1, replica: replicaOf(session) }))
  await assert.rejects(wasteful, /does not keep connections/)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { healthSchema } from '../config/health-schema.ts'
import { replicaSchema } from '../config/replica-schema.ts'
import { untilHealthy } from './listen-probe.ts'

const health = healthSchema.parse({})
const never = new AbortController().signal

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('the wait for a worker', { timeout: 20_000 }, () => {
  test('ends as soon as something accepts there', async () => {
    const port = await freePort()
    const replica = replicaSchema.parse(`http://127.0.0.1:${port}`)
    const waiting = untilHealthy(replica, health, 10_000, never)
    const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
    const startMs = performance.now()
    assert.equal(await waiting, undefined)
    assert.ok(performance.now() - startMs < 5000)
    server.close()
  })

  test('ends at its time with what is wrong, and at once when the worker ends', async () => {
    const replica = replicaSchema.parse(`http://127.0.0.1:${await freePort()}`)
    assert.equal(await untilHealthy(replica, health, 120, never), 'ECONNREFUSED')
    const end = new AbortController()
    const waiting = untilHealthy(replica, health, 60_000, end.signal)
    end.abort()
    assert.equal(await waiting, 'it has ended')
    assert.equal(await untilHealthy(replica, health, 60_000, end.signal), 'it has ended')
  })
})

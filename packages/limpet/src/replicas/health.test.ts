import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { healthSchema } from '../config/health-schema.ts'
import { replicaSchema } from '../config/replica-schema.ts'
import { watchHealth } from './health.ts'
import type { Health } from './replica-board.ts'

type Verdict = readonly [Health, string]

/** Watches `server` and resolves to the first `count` verdicts; `onVerdict` is told each. */
async function verdicts(
  server: Server,
  config: Readonly<Record<string, unknown>>,
  count: number,
  onVerdict: (verdict: Verdict) => void = () => undefined,
): Promise<Verdict[]> {
  const address = server.address() as AddressInfo | string
  const replica = replicaSchema.parse(
    typeof address === 'string' ? `unix:${address}` : `http://127.0.0.1:${address.port}`,
  )
  const end = new AbortController()
  const seen: Verdict[] = []
  const keepsAlive = setInterval(() => undefined, 1000)
  try {
    await new Promise<void>((resolve) => {
      const onChange = (health: Health, reason: string) => {
        seen.push([health, reason])
        onVerdict([health, reason])
        if (seen.length === count) resolve()
      }
      watchHealth({ replica, onChange }, healthSchema.parse({ interval: '5ms', ...config }), end.signal)
    })
  } finally {
    end.abort()
    clearInterval(keepsAlive)
  }
  return seen
}

async function serverOf(answer: (count: number) => number | undefined, socketPath?: string) {
  let count = 0
  const server = createServer((_, response) => {
    const status = answer(++count)
    if (status !== undefined) response.writeHead(status).end()
  })
  if (socketPath === undefined) server.listen(0, '127.0.0.1')
  else server.listen(socketPath)
  await once(server, 'listening')
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    asked: () => count,
  })
}

describe('a health check', () => {
  test('wants so many failures and successes in a row', { timeout: 10_000 }, async () => {
    // Three failures in a row end with the 6th check, two successes in a row with the 10th.
    const statuses = [500, 500, 200, 500, 500, 500, 200, 500, 200, 200]
    await using server = await serverOf((count) => statuses[count - 1] ?? 200)
    const at: number[] = []
    const config = { path: '/h', unhealthy: 3, healthy: 2 }
    const seen = await verdicts(server, config, 2, () => at.push(server.asked()))
    assert.deepEqual(seen, [
      ['unready', 'status 500'],
      ['up', 'the check passed'],
    ])
    assert.deepEqual(at, [6, 10])
  })

  test('takes 200 to 399 for healthy', { timeout: 10_000 }, async () => {
    for (const [status, up] of [
      [200, 'up'],
      [204, 'up'],
      [399, 'up'],
      [400, 'unready'],
      [503, 'unready'],
    ] as const) {
      await using server = await serverOf(() => status)
      const [[verdict] = []] = await verdicts(server, { path: '/h', unhealthy: 1 }, 1)
      assert.equal(verdict, up, String(status))
    }
  })

  test('that is not answered in time fails', { timeout: 10_000 }, async () => {
    await using server = await serverOf(() => undefined)
    const seen = await verdicts(server, { path: '/h', unhealthy: 1, timeout: '50ms' }, 1)
    assert.deepEqual(seen, [['down', 'no answer within 50 ms']])
  })

  test('without a path needs a connection and nothing more', { timeout: 10_000 }, async () => {
    await using server = await serverOf(() => undefined)
    assert.deepEqual(await verdicts(server, {}, 1), [['up', 'the check passed']])
    assert.equal(server.asked(), 0)
  })

  test('reaches a Unix socket, with a path and without', { timeout: 10_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limpet-'))
    try {
      await using server = await serverOf((count) => (count === 1 ? 503 : 200), join(folder, 's'))
      assert.deepEqual(await verdicts(server, {}, 1), [['up', 'the check passed']])
      assert.equal(server.asked(), 0)
      assert.deepEqual(await verdicts(server, { path: '/h', unhealthy: 1 }, 2), [
        ['unready', 'status 503'],
        ['up', 'the check passed'],
      ])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

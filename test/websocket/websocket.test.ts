import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../kit/process.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'
import { connectionCases } from './connection-cases.ts'
import { type EchoServer, startEchoServer } from './echo-server.ts'
import { frameCases } from './frame-cases.ts'
import { runCase, type Transcript } from './raw-client.ts'
import type { WebSocketCase } from './websocket-case.ts'

/** How much later than directly an end may come, on a busy machine. */
const LATE_MS = 1000

describe('a WebSocket through the router is the same as directly', () => {
  let server: EchoServer
  let router: TestRouter
  let tunnels = 0

  before(async () => {
    server = await startEchoServer()
    router = await startRouter({
      config: `services: [{ name: echo, replicas: ["http://127.0.0.1:${server.port}"] }]`,
    })
  })
  after(async () => {
    await router[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const compare = async ({ title, handshake, act, check, told }: WebSocketCase): Promise<void> => {
    const direct = await runCase(server.port, server, `${title}, directly`, handshake, act)
    check(direct)
    const routed = await runCase(router.port, server, `${title}, routed`, handshake, act)
    if (routed.status === 101) tunnels++
    assertSame(told ? andTold(direct) : direct, routed)
  }

  describe('in its handshake, its beginning and its end', { concurrency: 6 }, () => {
    for (const one of connectionCases) test(one.title, () => compare(one))
  })
  describe('in its frames', { concurrency: 6 }, () => {
    for (const one of frameCases) test(one.title, () => compare(one))
  })
  describe('and is accounted for', () => {
    test('each is counted once, and none is left', async () => {
      const all = connectionCases.length + frameCases.length
      assert.ok(tunnels > all / 2)
      await until('all tunnels are closed', async () => {
        return (await router.metrics()).sum('limpet_tunnels') === 0
      })
      const metrics = await router.metrics()
      assert.equal(metrics.sum('limpet_tunnels_total'), tunnels)
      assert.equal(metrics.sum('limpet_requests_in_flight'), 0)
      assert.equal(metrics.sum('limpet_connections'), 0)
    })
  })
})

/** The same where the router has told the client that its server is gone, with 1012 and why. */
function andTold(direct: Transcript): Transcript {
  const close = Buffer.from('\x88\x0e\x03\xf4replica-lost', 'latin1')
  return {
    ...direct,
    toClient: Buffer.concat([direct.toClient, close]),
    clientSaw: direct.clientSaw.map(() => 'fin'),
  }
}

function assertSame(direct: Transcript, routed: Transcript): void {
  assert.equal(routed.status, direct.status)
  assert.deepEqual(routed.answerFields, direct.answerFields)
  assert.deepEqual(routed.requestFields, direct.requestFields)
  // Not deepEqual, which would print a mebibyte.
  assert.ok(routed.toServer.equals(direct.toServer), `${routed.toServer.length} other bytes reach the server`)
  assert.ok(routed.toClient.equals(direct.toClient), `${routed.toClient.length} other bytes reach the client`)
  assert.deepEqual([routed.clientSaw, routed.serverSaw], [direct.clientSaw, direct.serverSaw])
  const lateMs = routed.endedAfterMs - direct.endedAfterMs
  assert.ok(lateMs < LATE_MS, `the client sees the end ${Math.round(lateMs)} ms later`)
}

import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startDeafPort } from '../kit/deaf-port.ts'
import { within } from '../kit/process.ts'
import { openRaw, type RawSocket } from '../kit/raw-socket.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'
import { type ScriptedReplica, startScriptedReplica } from '../kit/scripted-replica.ts'
import { slowScripts } from './slow-scripts.ts'

/** In the config and in what is expected; deadlines are looked at every 100 ms. */
const ms = {
  head: 800,
  idle: 1200,
  connect: 600,
  response: 1000,
  stream: 900,
  tunnelIdle: 1100,
  requestBody: 900,
  writeStall: 1500,
}
/** How late the router may be, on a busy machine. */
const LATE_MS = 2000

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\nAccept: application/json\r\n\r\n`
const post = (path: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: test\r\nAccept: application/json\r\nContent-Length: ${bytes}\r\n\r\n`
const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n`

/** Expects what began at `startedMs` to have been given up after `timeoutMs`, and not before. */
function assertAfter(startedMs: number, timeoutMs: number): void {
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs > timeoutMs - 20, `given up after ${Math.round(tookMs)} ms, not ${timeoutMs}`)
  assert.ok(tookMs < timeoutMs + LATE_MS, `given up after ${Math.round(tookMs)} ms, not ${timeoutMs}`)
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.on('close', () => resolve())
  })
}

/** Sends `text` again and again until the connection ends. */
async function drip(client: RawSocket, text: string, everyMs: number): Promise<void> {
  const timer = setInterval(() => client.send(text), everyMs)
  await client.ended().finally(() => clearInterval(timer))
}

describe('timeouts', { concurrency: 8 }, () => {
  let replica: ScriptedReplica
  let router: TestRouter

  before(async () => {
    replica = await startScriptedReplica(slowScripts)
    router = await startRouter({
      config: `
timeouts: { ${Object.entries(ms)
        .map(([name, value]) => `${name}: ${value}ms`)
        .join(', ')} }
limits: { bodyRate: 1000 }
services: [{ name: app, replicas: ["${replica.url}"] }]
`,
    })
  })
  after(async () => {
    await router[Symbol.asyncDispose]()
    await replica[Symbol.asyncDispose]()
  })

  const timeouts = async (kind: string): Promise<number> =>
    (await router.metrics()).sum('limpet_timeouts_total', { kind })
  /** The replica's end of the request for `path`, which no other test asks for. */
  const replicaClosed = async (path: string): Promise<void> => {
    const { socket } = replica.requests.findLast((request) => request.path === path)!
    await within(2000, `the replica's connection for ${path} closes`, closed(socket))
  }

  test('head: a request head that drips is answered with 408', async () => {
    const before = await timeouts('head')
    const startedMs = performance.now()
    using client = await openRaw(router.port)
    client.send('GET / HTTP/1.1\r\nHost: test\r\nX: ')
    await drip(client, 'x', 50)
    assertAfter(startedMs, ms.head)
    assert.match(client.received, /^HTTP\/1\.1 408 [\s\S]*LIMPET_HEAD_TIMEOUT/)
    assert.equal(await timeouts('head'), before + 1)
  })

  test('head: a connection that sends nothing is closed', async () => {
    const startedMs = performance.now()
    using client = await openRaw(router.port)
    await client.ended()
    assertAfter(startedMs, ms.head)
    assert.equal(client.received, '')
  })

  test('idle: a kept connection is closed, and the time begins anew with each answer', async () => {
    const before = await timeouts('idle')
    using client = await openRaw(router.port)
    client.send(get('/idle-1'))
    await client.receives('/idle-1')
    await pause(ms.idle / 2)
    const startedMs = performance.now()
    client.send(get('/idle-2'))
    await client.receives('/idle-2')
    await client.ended()
    assertAfter(startedMs, ms.idle)
    assert.equal(client.end, 'fin')
    assert.ok((await timeouts('idle')) > before)
  })

  test('requestBody: content that stops is answered with 408, and the replica is left', async () => {
    const before = await timeouts('request-body')
    using client = await openRaw(router.port)
    client.send(`${post('/body-gap', 1000)}some`)
    const startedMs = performance.now()
    await client.ended()
    assertAfter(startedMs, ms.requestBody)
    assert.match(client.received, /^HTTP\/1\.1 408 [\s\S]*LIMPET_BODY_TIMEOUT/)
    await replicaClosed('/body-gap')
    assert.ok((await timeouts('request-body')) > before)
  })

  test('requestBody: content below limits.bodyRate is answered with 408, however steady', async () => {
    const before = await timeouts('request-body')
    using client = await openRaw(router.port)
    client.send(post('/body-rate', 100_000))
    const startedMs = performance.now()
    // 200 bytes per second of the 1000 that are wanted.
    await drip(client, 'xxxxx', 25)
    assertAfter(startedMs, ms.requestBody)
    assert.match(client.received, /^HTTP\/1\.1 408 [\s\S]*LIMPET_BODY_TIMEOUT/)
    await replicaClosed('/body-rate')
    assert.ok((await timeouts('request-body')) > before)
  })

  test('requestBody: content above limits.bodyRate may take as long as it needs', async () => {
    using client = await openRaw(router.port)
    client.send(post('/body-steady', 8000))
    const startedMs = performance.now()
    for (let sent = 0; sent < 8000; sent += 400) {
      await pause(100)
      client.send('x'.repeat(400))
    }
    await client.receives('/body-steady')
    assert.match(client.received, /^HTTP\/1\.1 200 /)
    assert.ok(performance.now() - startedMs > 1.5 * ms.requestBody)
  })

  test('writeStall: a client that takes nothing is reset, and the replica is left', async () => {
    const before = await timeouts('write-stall')
    using client = await openRaw(router.port)
    client.send(get('/flood'))
    await client.receives('HTTP/1.1 200')
    client.socket.pause()
    const startedMs = performance.now()
    const { socket } = replica.requests.find(({ path }) => path === '/flood')!
    await within(10_000, "the replica's connection closes", closed(socket))
    assertAfter(startedMs, ms.writeStall)
    client.socket.resume()
    await client.ended()
    assert.equal(client.end, 'reset')
    assert.ok((await timeouts('write-stall')) > before)
  })

  test('writeStall: a replica that takes no content is given up with 504', async () => {
    const before = await timeouts('write-stall')
    using client = await openRaw(router.port)
    client.send(post('/deaf', 2 ** 25))
    client.send('x'.repeat(2 ** 25))
    const startedMs = performance.now()
    await client.receives('LIMPET_RESPONSE_TIMEOUT')
    assertAfter(startedMs, ms.writeStall)
    assert.match(client.received, /^HTTP\/1\.1 504 /)
    assert.ok((await timeouts('write-stall')) > before)
  })

  test('response: a replica that does not answer is given up with 504', async () => {
    using client = await openRaw(router.port)
    client.send(get('/hang'))
    const startedMs = performance.now()
    await client.receives('LIMPET_RESPONSE_TIMEOUT')
    assertAfter(startedMs, ms.response)
    assert.match(client.received, /^HTTP\/1\.1 504 /)
    await replicaClosed('/hang')
    const refusals = (await router.metrics()).sum('limpet_refusals_total', {
      code: 'LIMPET_RESPONSE_TIMEOUT',
    })
    assert.ok(refusals > 0)
  })

  test('response and stream: an event stream may be silent for longer', async () => {
    using client = await openRaw(router.port)
    client.send(get('/events'))
    await client.receives('data: second')
    await client.receives('\r\n0\r\n\r\n')
  })

  test('stream: a body that falls silent is cut, so that the client can tell', async () => {
    const before = await timeouts('stream')
    using client = await openRaw(router.port)
    const startedMs = performance.now()
    client.send(get('/stall'))
    await client.receives('some')
    await client.ended()
    assertAfter(startedMs, ms.stream)
    assert.equal(client.end, 'reset')
    await replicaClosed('/stall')
    assert.equal(await timeouts('stream'), before + 1)
  })

  test('stream: a body that comes slowly may take as long as it needs', async () => {
    using client = await openRaw(router.port)
    client.send(get('/slowly'))
    await client.receives('xxxxxxxx')
  })

  test('tunnelIdle: a silent tunnel is closed at both ends', async () => {
    const before = await timeouts('tunnel-idle')
    using client = await openRaw(router.port)
    client.send(upgrade('/tunnel'))
    await client.receives('101 Switching')
    client.send('a')
    const startedMs = performance.now()
    await client.ended()
    assertAfter(startedMs, ms.tunnelIdle)
    await replicaClosed('/tunnel')
    assert.ok((await timeouts('tunnel-idle')) > before)
  })

  test('tunnelIdle: bytes in either direction keep a tunnel open', async () => {
    using client = await openRaw(router.port)
    client.send(upgrade('/talking-tunnel'))
    await client.receives('t'.repeat(8))
    for (let sent = 0; sent < 6; sent++) {
      await pause(200)
      client.send('c')
    }
    assert.equal(client.end, undefined)
    await client.ended()
  })

  test('connect: a replica that drops connections is given up with 504, or another takes the request', async () => {
    await using deaf = await startDeafPort()
    await using lonely = await startRouter({
      workers: 1,
      config: `
timeouts: { connect: ${ms.connect}ms }
services:
  - { name: deaf, match: { path: /deaf }, ejection: off, replicas: ["http://127.0.0.1:${deaf.port}"] }
  - name: two
    ejection: off
    balance: round-robin
    replicas: [{ url: "http://127.0.0.1:${deaf.port}", name: deaf }, { url: "${replica.url}", name: live }]
`,
    })
    using client = await openRaw(lonely.port)
    client.send(get('/deaf'))
    const startedMs = performance.now()
    await client.receives('LIMPET_CONNECT_TIMEOUT')
    assertAfter(startedMs, ms.connect)
    assert.match(client.received, /^HTTP\/1\.1 504 /)
    // At least one of them finds the deaf replica first, and then a connection that was kept to the other.
    for (const path of ['/either-1', '/either-2', '/either-3']) {
      client.send(post(path, 4))
      client.send('body')
      await client.receives(path)
    }
    assert.ok(performance.now() - startedMs > 2 * ms.connect - 40)
    const metrics = await lonely.metrics()
    assert.equal(metrics.sum('limpet_refusals_total', { code: 'LIMPET_CONNECT_TIMEOUT' }), 1)
    assert.ok(metrics.sum('limpet_retries_total', { service: 'two' }) > 0)
  })

  test('off: what may be switched off waits on', async () => {
    await using patient = await startRouter({
      workers: 1,
      config: `
timeouts: { response: off, stream: off, tunnelIdle: off, requestBody: off, writeStall: off }
services: [{ name: app, replicas: ["${replica.url}"] }]
`,
    })
    const texts = [
      get('/hang'),
      get('/stall'),
      upgrade('/tunnel'),
      `${post('/body-gap', 1000)}some`,
      get('/flood'),
    ]
    const clients = await Promise.all(texts.map(() => openRaw(patient.port)))
    for (const [index, client] of clients.entries()) client.send(texts[index]!)
    clients.at(-1)!.socket.pause()
    await pause(Math.max(...Object.values(ms)) + 500)
    for (const client of clients) {
      assert.equal(client.end, undefined)
      client.socket.destroy()
    }
    const metrics = await patient.metrics()
    assert.equal(metrics.sum('limpet_timeouts_total'), 0)
  })
})

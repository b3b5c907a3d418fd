import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../kit/process.ts'
import { openRaw, type RawSocket } from '../kit/raw-socket.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'
import {
  okResponse,
  type Script,
  type ScriptedReplica,
  startScriptedReplica,
} from '../kit/scripted-replica.ts'

const scripts: Readonly<Record<string, Script>> = {
  '/hang': () => undefined,
  '/answer': ({ socket }) => socket.write(okResponse('y'.repeat(1000))),
}

const get = (path: string, fields: readonly string[] = []): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: test', 'Accept: application/json', ...fields].join('\r\n')}\r\n\r\n`

async function ask(port: number, text: string): Promise<string> {
  using client = await openRaw(port)
  client.send(text)
  await client.receives('\r\n\r\n')
  return client.received
}

function assertRefused(answer: string, status: number, code: string): void {
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*${code}`))
}

describe('limits on a request', () => {
  let replica: ScriptedReplica
  let router: TestRouter
  const limits = { headBytes: 2048, headerCount: 12, targetBytes: 256, bodyBytes: 1000 }

  before(async () => {
    replica = await startScriptedReplica(scripts)
    router = await startRouter({
      workers: 1,
      config: `
limits: { ${Object.entries(limits)
        .map((entry) => entry.join(': '))
        .join(', ')} }
services: [{ name: app, replicas: ["${replica.url}"] }]
`,
    })
  })
  after(async () => {
    await router[Symbol.asyncDispose]()
    await replica[Symbol.asyncDispose]()
  })

  const refusals = async (code: string): Promise<number> =>
    (await router.metrics()).sum('limpet_refusals_total', { code })
  const reached = (path: string): boolean => replica.requests.some((request) => request.path === path)

  test('headBytes: one byte more gets 431', async () => {
    const withBytes = (path: string, bytes: number): string => {
      const padding = bytes - get(path, ['X: ']).length
      return get(path, [`X: ${'x'.repeat(padding)}`])
    }
    const longest = withBytes('/head-fits', limits.headBytes)
    assert.equal(longest.length, limits.headBytes)
    assert.match(await ask(router.port, longest), /^HTTP\/1\.1 200 /)
    const answer = await ask(router.port, withBytes('/head-large', limits.headBytes + 1))
    assertRefused(answer, 431, 'LIMPET_HEAD_TOO_LARGE')
    assert.ok(!reached('/head-large'))
    assert.equal(await refusals('LIMPET_HEAD_TOO_LARGE'), 1)
  })

  test('headerCount: one field more gets 431', async () => {
    const before = await refusals('LIMPET_HEAD_TOO_LARGE')
    // Host and Accept count too.
    const fields = Array.from({ length: limits.headerCount - 2 }, (_, at) => `X-${at}: 1`)
    assert.match(await ask(router.port, get('/count-fits', fields)), /^HTTP\/1\.1 200 /)
    const answer = await ask(router.port, get('/count-large', [...fields, 'X-More: 1']))
    assertRefused(answer, 431, 'LIMPET_HEAD_TOO_LARGE')
    assert.ok(!reached('/count-large'))
    assert.equal(await refusals('LIMPET_HEAD_TOO_LARGE'), before + 1)
  })

  test('targetBytes: one byte more gets 414', async () => {
    const longest = `/${'t'.repeat(limits.targetBytes - 1)}`
    assert.match(await ask(router.port, get(longest)), /^HTTP\/1\.1 200 /)
    assertRefused(await ask(router.port, get(`${longest}t`)), 414, 'LIMPET_TARGET_TOO_LONG')
    assert.ok(!reached(`${longest}t`))
    assert.equal(await refusals('LIMPET_TARGET_TOO_LONG'), 1)
  })

  test('bodyBytes: one byte more gets 413, before the replica hears of it', async () => {
    const post = (path: string, bytes: number): string =>
      `${get(path, [`Content-Length: ${bytes}`]).replace('GET', 'POST')}${'x'.repeat(bytes)}`
    assert.match(await ask(router.port, post('/body-fits', limits.bodyBytes)), /^HTTP\/1\.1 200 /)
    const answer = await ask(router.port, post('/body-large', limits.bodyBytes + 1))
    assertRefused(answer, 413, 'LIMPET_BODY_TOO_LARGE')
    assert.ok(!reached('/body-large'))
    assert.equal(await refusals('LIMPET_BODY_TOO_LARGE'), 1)
  })

  test('bodyBytes: chunked content gets 413 as soon as it is too much', async () => {
    const before = await refusals('LIMPET_BODY_TOO_LARGE')
    using client = await openRaw(router.port)
    client.send(get('/chunked-large', ['Transfer-Encoding: chunked']).replace('GET', 'POST'))
    // 500 bytes at a time, and never an end.
    while (!client.received.includes('\r\n\r\n') && client.end === undefined) {
      client.send(`1f4\r\n${'x'.repeat(500)}\r\n`)
      await pause(20)
    }
    assertRefused(client.received, 413, 'LIMPET_BODY_TOO_LARGE')
    await until('the replica sees the connection closed', () =>
      replica.requests.filter(({ path }) => path === '/chunked-large').every(({ socket }) => socket.closed),
    )
    assert.equal(await refusals('LIMPET_BODY_TOO_LARGE'), before + 1)
  })
})

describe('limits on connections, over two workers', () => {
  /** Opens `count` connections and sends a request on each; those that are refused have an end. */
  const crowd = async (port: number, count: number, path: string, from?: string): Promise<RawSocket[]> => {
    const opened: RawSocket[] = []
    for (let each = 0; each < count; each++) {
      const client = await openRaw(port, from)
      client.send(get(path))
      opened.push(client)
    }
    return opened
  }
  const leave = (clients: readonly RawSocket[]): void => {
    for (const { socket } of clients) socket.destroy()
  }
  const answered = (clients: readonly RawSocket[]): RawSocket[] =>
    clients.filter(({ received }) => received.startsWith('HTTP/1.1 200'))
  const refused = (clients: readonly RawSocket[]): RawSocket[] =>
    clients.filter(({ received, end }) => received === '' && end !== undefined)
  const sorted = async (clients: readonly RawSocket[]): Promise<void> => {
    await until('each connection is served or refused', () => {
      return answered(clients).length + refused(clients).length === clients.length
    })
  }

  test('connections: those over it are closed, and one that leaves makes place', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      workers: 2,
      config: `limits: { connections: 20 }\nservices: [{ name: app, replicas: ["${replica.url}"] }]`,
    })
    const clients = await crowd(router.port, 30, '/answer')
    await sorted(clients)
    assert.equal(answered(clients).length, 20)
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_connections'), 20)
    assert.equal(metrics.sum('limpet_connections_refused_total'), 10)
    leave(answered(clients).slice(0, 5))
    await until('they have left', async () => (await router.metrics()).sum('limpet_connections') === 15)
    const next = await crowd(router.port, 8, '/answer')
    await sorted(next)
    assert.equal(answered(next).length, 5)
    leave([...clients, ...next])
  })

  test('connectionsPerClient: each address has its own share', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      workers: 2,
      config: `limits: { connectionsPerClient: 8 }\nservices: [{ name: app, replicas: ["${replica.url}"] }]`,
    })
    const clients = await crowd(router.port, 12, '/answer')
    const others = await crowd(router.port, 12, '/answer', '127.0.0.2')
    await sorted([...clients, ...others])
    assert.equal(answered(clients).length, 8)
    assert.equal(answered(others).length, 8)
    assert.equal((await router.metrics()).sum('limpet_connections_refused_total'), 8)
    leave([...clients, ...others])
  })

  test('ulimit -n 200: of 300 clients those admitted are served, the rest refused; then all is well again', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      workers: 2,
      descriptors: 200,
      config: `services: [{ name: app, replicas: ["${replica.url}"] }]`,
    })
    const clients = await crowd(router.port, 300, '/answer')
    await sorted(clients)
    const admitted = answered(clients)
    assert.ok(admitted.length >= 50, `only ${admitted.length} were admitted`)
    for (const client of admitted) client.send(get('/answer'))
    await until('those admitted are served again', () =>
      admitted.every(({ received }) => received.split('HTTP/1.1 200').length === 3),
    )
    // There is a descriptor left for a connection to a replica for each of them at once.
    for (const client of admitted) client.send(get('/hang'))
    await until('all of them wait at the replica', () => {
      return replica.requests.filter(({ path }) => path === '/hang').length === admitted.length
    })
    const said = router.log.filter(({ msg }) => String(msg).startsWith('client connections are refused'))
    assert.ok(said.length >= 1 && said.length <= 2, 'one line for each thread that refused')
    leave(clients)
    await until('all have left', async () => (await router.metrics()).sum('limpet_connections') === 0)
    const next = await crowd(router.port, 50, '/answer')
    await sorted(next)
    assert.equal(answered(next).length, 50)
    assert.equal((await router.metrics()).sum('limpet_ejections_total'), 0)
    leave(next)
  })

  test('no descriptor for a connection to a replica: 503 LIMPET_EXHAUSTED, and no replica is blamed', async () => {
    await using replica = await startScriptedReplica(scripts)
    await using router = await startRouter({
      workers: 2,
      descriptors: 200,
      config: `
pool: { maxIdle: 0 }
services:
  - name: app
    ejection: { failures: 1 }
    health: { interval: 50ms, unhealthy: 1 }
    replicas: ["${replica.url}"]
`,
    })
    const clients = await crowd(router.port, 50, '/answer')
    await sorted(clients)
    assert.equal(answered(clients).length, 50)
    // What takes the descriptors is not limited: connections to the admin listener.
    const adminPort = Number(new URL(router.adminUrl).port)
    const others = await Promise.all(Array.from({ length: 100 }, () => openRaw(adminPort)))
    for (const other of others) other.send(get('/healthz'))
    await until('they are accepted', () => others.every(({ received }) => received.includes('HTTP/1.1 200')))
    for (const client of clients) client.send(get('/hang'))
    const exhausted = (): RawSocket[] => clients.filter(({ received }) => received.includes('HTTP/1.1 503'))
    const waiting = (): number => replica.requests.filter(({ path }) => path === '/hang').length
    await until('each waits at the replica or is refused', () => waiting() + exhausted().length === 50)
    assert.ok(exhausted().length > 0, 'the descriptors suffice')
    for (const { received } of exhausted()) assert.match(received, /LIMPET_EXHAUSTED/)
    await router.logged('that there is no descriptor', ({ msg }) =>
      String(msg).startsWith('no file descriptor or port is left'),
    )
    // Long enough for checks of its health, which find no descriptor either.
    await pause(300)
    leave([...clients, ...others])
    await until('all have left', async () => (await router.metrics()).sum('limpet_connections') === 0)
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_refusals_total', { code: 'LIMPET_EXHAUSTED' }), exhausted().length)
    assert.equal(metrics.sum('limpet_ejections_total'), 0)
    assert.ok(!router.log.some(({ msg }) => /is (?:down|ejected)/.test(String(msg))))
    assert.match(await ask(router.port, get('/answer')), /^HTTP\/1\.1 200 /)
  })
})

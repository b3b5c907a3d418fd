import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, Client, forEach, sessionNames } from '../kit/client.ts'
import { until, within } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'
import { openWebSocket, type TestWebSocket } from '../kit/web-socket-client.ts'

const SESSIONS = 60
const DRAIN_MS = 2000

/** Two sockets of each session. */
async function openTwice(port: number, names: readonly string[]): Promise<Map<string, TestWebSocket[]>> {
  const open = (name: string) => openWebSocket(port, `/ws?sid=${name}`)
  const pairs = await forEach(names, 8, async (name) => [await open(name), await open(name)])
  return new Map(names.map((name, at) => [name, pairs[at]!]))
}

function closeAll(sockets: Iterable<TestWebSocket>): void {
  for (const { socket } of sockets) socket.close()
}

describe('the WebSockets of a replica', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(3)
  })
  after(() => replicas[Symbol.asyncDispose]())

  const configOf = (extra: Record<string, string> = {}, more = '', top = '') =>
    `${top}\nservices:\n  - name: app\n    session: query:sid\n    drainTimeout: ${DRAIN_MS}ms\n${more}    replicas:\n${replicaLines(replicas, extra)}`

  test('leave it one session after the other when it drains, and find a new home together', async () => {
    await using router = await startRouter({ config: configOf() })
    using client = new Client(router.port)
    const names = sessionNames(SESSIONS)
    const sockets = await openTwice(router.port, names)
    const homeOf = (name: string) => sockets.get(name)![0]!.home
    const leaving = names.filter((name) => homeOf(name) === 'a')
    assert.ok(leaving.length >= 8, `${leaving.length} sessions`)
    const startedMs = performance.now()
    await router.reload(configOf({ a: 'drain: true' }))
    const moved = await forEach(leaving, leaving.length, async (name) => {
      const [one, other] = sockets.get(name)! as [TestWebSocket, TestWebSocket]
      const [first, second] = await within(
        DRAIN_MS + 5000,
        `the sockets of ${name} are closed`,
        Promise.all([one.closed, other.closed]),
      )
      assert.deepEqual([first.code, first.reason], [1012, 'drained'])
      assert.deepEqual([second.code, second.reason], [1012, 'drained'])
      assert.ok(Math.abs(first.atMs - second.atMs) < 500, 'both sockets of a session leave together')
      const again = [
        await openWebSocket(router.port, `/ws?sid=${name}`),
        await openWebSocket(router.port, `/ws?sid=${name}`),
      ]
      assert.notEqual(again[0]!.home, 'a')
      assert.equal(again[0]!.decision, 'moved; reason=drained')
      assert.deepEqual([again[1]!.home, again[1]!.decision], [again[0]!.home, 'hit'])
      const answer = await client.ask(`/?sid=${name}`)
      assert.deepEqual([answer.replica, answer.decision], [again[0]!.home, 'hit'])
      closeAll(again)
      return first.atMs - startedMs
    })
    // Spread, that is: not all in any quarter of the time.
    const sorted = moved.toSorted((a, b) => a - b)
    for (const from of sorted) {
      const within = sorted.filter((ms) => ms >= from && ms < from + DRAIN_MS / 4).length
      assert.ok(within < leaving.length, `all of ${sorted.map(Math.round)} ms`)
    }
    assert.ok(sorted.at(-1)! < DRAIN_MS + 1500, `the last after ${sorted.at(-1)} ms`)
    for (const name of names) {
      if (homeOf(name) === 'a') continue
      for (const one of sockets.get(name)!) {
        assert.equal(one.closing, undefined)
        assert.equal(await one.echo('still'), `${one.home}:still`)
      }
    }
    const metrics = await router.metrics()
    assert.equal(metrics.sum('limpet_tunnel_ends_total', { reason: 'drained' }), 2 * leaving.length)
    assert.equal(metrics.sum('limpet_tunnels', { replica: 'a' }), 0)
    closeAll([...sockets.values()].flat())
  })

  test('stay where there is no other, and where their sessions must', async () => {
    const [a] = replicas
    const only = `services: [{ name: app, session: query:sid, drainTimeout: 100ms, replicas: [{ url: "${a!.url}", name: a, drain: true }] }]`
    await using router = await startRouter({ config: only.replace('drain: true', 'drain: false') })
    const lonely = await openWebSocket(router.port, '/ws?sid=x')
    await router.reload(only)
    await using strict = await startRouter({ config: configOf({}, '    onLost: reject\n') })
    const sockets = [...(await openTwice(strict.port, sessionNames(12))).values()].flat()
    await strict.reload(configOf({ a: 'drain: true' }, '    onLost: reject\n'))
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS + 500))
    assert.equal(await lonely.echo('still'), 'a:still')
    for (const one of sockets) assert.equal(await one.echo('still'), `${one.home}:still`)
    closeAll([lonely, ...sockets])
  })

  test('are closed at once, with 1012, when it is killed, and no other is', async () => {
    await using router = await startRouter({ config: configOf() })
    const names = sessionNames(SESSIONS)
    const sockets = await openTwice(router.port, names)
    const lost = [...sockets.values()].flat().filter(({ home }) => home === 'c')
    assert.ok(lost.length > 10)
    const killedMs = performance.now()
    await replicas[2]!.kill()
    try {
      for (const { closed } of lost) {
        const { code, reason, atMs } = await within(5000, 'a close', closed)
        assert.deepEqual([code, reason], [1012, 'replica-lost'])
        assert.ok(atMs - killedMs < 1000, `${atMs - killedMs} ms`)
      }
      for (const [name, [first]] of sockets) {
        if (first!.home !== 'c') {
          assert.equal(await first!.echo('still'), `${first!.home}:still`)
          continue
        }
        const again = await openWebSocket(router.port, `/ws?sid=${name}`)
        assert.match(again.decision!, /^moved; reason=(refused|ejected|down)$/)
        again.socket.close()
      }
      const metrics = await router.metrics()
      assert.equal(metrics.sum('limpet_tunnel_ends_total', { reason: 'replica-lost' }), lost.length)
    } finally {
      await replicas[2]!.restart()
      closeAll([...sockets.values()].flat())
    }
  })

  test('leave it when its checks fail, within seconds', async () => {
    const health = '    health: { path: /healthz, interval: 100ms, unhealthy: 1 }\n'
    await using router = await startRouter({ config: configOf({}, health) })
    const sockets = [...(await openTwice(router.port, sessionNames(24))).values()].flat()
    await replicas[1]!.setHealth(503)
    try {
      for (const { home, closed } of sockets) {
        if (home !== 'b') continue
        const { code, reason } = await within(10_000, 'a close', closed)
        assert.deepEqual([code, reason], [1012, 'down'])
      }
      for (const one of sockets) if (one.home !== 'b') assert.equal(one.closing, undefined)
    } finally {
      await replicas[1]!.setHealth(200)
      closeAll(sockets)
    }
  })

  test('leave it when the config no longer names it, within seconds, and none is lost that it names anew', async () => {
    await using router = await startRouter({ config: configOf() })
    const sockets = [...(await openTwice(router.port, sessionNames(24))).values()].flat()
    const without = configOf().replace(/ {6}- .*name: b .*\n/, '')
    await router.reload(without)
    for (const { home, closed } of sockets) {
      if (home !== 'b') continue
      const { code, reason } = await within(10_000, 'a close', closed)
      assert.deepEqual([code, reason], [1012, 'removed'])
    }
    const stay = sockets.filter(({ home }) => home !== 'b')
    await router.reload(`${without}#`.replace('name: a }', 'name: a, weight: 2 }'))
    assert.equal((await router.metrics()).sum('limpet_tunnels'), stay.length)
    for (const one of stay) assert.equal(await one.echo('still'), `${one.home}:still`)
    closeAll(sockets)
  })

  test('are told to come back when the router stops, which waits for no more', async () => {
    await using router = await startRouter({ config: configOf({}, '', 'timeouts: { shutdown: 3s }') })
    const sockets = [...(await openTwice(router.port, sessionNames(12))).values()].flat()
    const stoppedMs = performance.now()
    router.signal('SIGTERM')
    for (const { closed } of sockets) {
      const { code, reason, atMs } = await within(10_000, 'a close', closed)
      assert.deepEqual([code, reason], [1012, 'restart'])
      assert.ok(atMs - stoppedMs < 2500)
    }
    const { code } = await within(10_000, 'the exit', router.exited)
    assert.equal(code, 0)
    assert.ok(performance.now() - stoppedMs < 3000, 'it did not wait for the deadline')
  })

  test("keep the session of the router's own cookie, although none is renewed", async () => {
    const config = configOf({}, '    cookie: { idle: 1s, begins: navigation }\n')
    await using router = await startRouter({ config: config.replace('query:sid', 'cookie') })
    using client = new Client(router.port)
    const page = () => client.ask('/', { headers: { accept: 'text/html' } })
    const cookieOf = ({ cookies }: Answer) => cookies[0]!.split(';')[0]!
    const [kept, left] = [await page(), await page()]
    const { socket, home } = await openWebSocket(router.port, '/ws', { cookie: cookieOf(kept) })
    assert.equal(home, kept.replica)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    const answer = await client.ask('/', { headers: { cookie: cookieOf(kept) } })
    assert.deepEqual([answer.replica, answer.decision, answer.cookies.length], [home, 'hit', 1])
    const again = await client.ask('/', { headers: { cookie: cookieOf(answer) } })
    assert.deepEqual([again.replica, again.decision], [home, 'hit'])
    // One that nobody has used since is over: it begins anew with a page, and is nobody's without one.
    const expired = { cookie: cookieOf(left) }
    assert.equal((await client.ask('/', { headers: expired })).decision, 'none')
    assert.equal((await client.ask('/', { headers: { ...expired, accept: 'text/html' } })).decision, 'new')
    socket.close()
  })

  test("keep their session's pin for as long as they are open", async () => {
    await using router = await startRouter({ config: configOf({}, '    ttl: 1s\n') })
    using client = new Client(router.port)
    const sockets = [...(await openTwice(router.port, sessionNames(6))).entries()]
    await new Promise((resolve) => setTimeout(resolve, 2500))
    for (const [name, [one]] of sockets) {
      const { replica, decision } = await client.ask(`/?sid=${name}`)
      assert.deepEqual([replica, decision], [one!.home, 'hit'])
    }
    closeAll(sockets.flatMap(([, both]) => both))
    await until('the tunnels are over', async () => (await router.metrics()).sum('limpet_tunnels') === 0)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    for (const [name] of sockets) assert.equal((await client.ask(`/?sid=${name}`)).decision, 'new')
  })
})

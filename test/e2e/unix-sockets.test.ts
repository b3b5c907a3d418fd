import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Client, forEach, sessionNames } from '../kit/client.ts'
import { until, within } from '../kit/process.ts'
import { replicaLines, startReplica } from '../kit/replica.ts'
import { startRouter, temporaryFolder } from '../kit/router.ts'

const ofSession = (name: string) => ({ headers: { 'x-session-id': name } })

describe('replicas at Unix sockets', () => {
  test('serve requests, streams and WebSockets, and no path reaches a client', async () => {
    await using folder = await temporaryFolder()
    await using a = await startReplica('a', join(folder.path, 'a.sock'))
    await using b = await startReplica('b', join(folder.path, 'b.sock'))
    await using router = await startRouter({
      config: `services:\n  - name: app\n    host: replica\n    session: [header:x-session-id, query:sid, cookie]\n    replicas:\n${replicaLines([a, b])}`,
    })
    using client = new Client(router.port)
    const names = sessionNames(20)
    const homes = await forEach(names, 8, async (name) => (await client.ask('/', ofSession(name))).replica)
    assert.deepEqual([...new Set(homes)].sort(), ['a', 'b'])
    const again = await forEach(names, 8, (name) => client.ask('/', ofSession(name)))
    for (const [at, { replica, decision, body, headers }] of again.entries()) {
      assert.deepEqual([replica, decision], [homes[at], 'hit'])
      assert.equal(JSON.parse(body).headers.host, 'localhost')
      assert.ok(!JSON.stringify(headers).includes(folder.path))
    }
    const posted = await client.ask('/', { method: 'POST', body: Buffer.alloc(300_000, 'x') })
    assert.equal(JSON.parse(posted.body).bodyBytes, 300_000)
    assert.equal((await client.ask('/download?bytes=3000000')).body.length, 3_000_000)

    const socket = new WebSocket(`ws://127.0.0.1:${router.port}/ws?sid=session-0`)
    const [greeting] = await within(5000, 'a greeting', once(socket, 'message'))
    assert.ok(['a', 'b'].includes((greeting as MessageEvent).data))
    socket.close()
    await once(socket, 'close')
  })

  test('are checked, lose their sessions when they die, and come back', async () => {
    await using folder = await temporaryFolder()
    await using a = await startReplica('a', join(folder.path, 'a.sock'))
    await using b = await startReplica('b', join(folder.path, 'b.sock'))
    const config = (path: string) =>
      `services:\n  - name: app\n    health: { interval: 50ms${path} }\n    replicas:\n${replicaLines([a, b])}`
    await using router = await startRouter({ config: config(', path: /healthz') })
    const state = async (replica: string, state: string) =>
      (await router.metrics()).sum('limpet_replica_state', { replica, state }) === 1
    using client = new Client(router.port)
    const names = sessionNames(20)
    const homes = await forEach(names, 8, async (name) => (await client.ask('/', ofSession(name))).replica)
    await a.setHealth(503)
    await until('a is out', () => state('a', 'down'))
    await a.setHealth(200)
    await until('a is back', () => state('a', 'ready'))
    await a.kill()
    for (const [at, name] of names.entries()) {
      const { replica, decision } = await client.ask('/', ofSession(name))
      if (homes[at] === 'b') assert.deepEqual([replica, decision], ['b', 'hit'])
      else assert.match(`${replica} ${decision}`, /^b moved; reason=/)
    }
    await router.reload(config(''))
    await until('a is out', () => state('a', 'down'))
    await a.restart()
    await until('a is back', () => state('a', 'ready'))
    const fresh = await forEach(sessionNames(20), 8, (name) => client.ask('/', ofSession(`new-${name}`)))
    assert.ok(fresh.some(({ replica }) => replica === 'a'))
  })

  test('that are too busy to accept keep their sessions', async (context) => {
    if (process.platform !== 'linux') return context.skip('other systems refuse such a connection')
    await using folder = await temporaryFolder()
    await using a = await startReplica('a', join(folder.path, 'a.sock'))
    await using b = await startReplica('b', join(folder.path, 'b.sock'))
    await using router = await startRouter({
      workers: 1,
      config: `services:\n  - { name: app, health: off, replicas: ["${a.url}", "${b.url}"] }`,
    })
    using client = new Client(router.port)
    using other = new Client(router.port)
    const name = await until('a session at a', async () => {
      const session = `s${Math.random()}`
      const answer = await client.ask('/', ofSession(session))
      return answer.replica === 'a' ? session : undefined
    })
    a.signal('SIGSTOP')
    const waiting = await fillQueue(join(folder.path, 'a.sock'))
    // The first goes by the connection that is open already.
    const slow = client.ask('/', ofSession(name))
    await until(
      'it is under way',
      async () => (await router.metrics()).sum('limpet_requests_in_flight') === 1,
    )
    const refused = await other.ask('/', ofSession(name))
    assert.equal(refused.status, 503)
    assert.match(refused.body, /^LIMPET_EXHAUSTED/)
    for (const socket of waiting) socket.destroy()
    a.signal('SIGCONT')
    assert.equal((await slow).replica, 'a')
    const after = await other.ask('/', ofSession(name))
    assert.deepEqual([after.replica, after.decision], ['a', 'hit'])
  })
})

/** Connects to a listener that does not accept until the system takes no more for it. */
async function fillQueue(path: string): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (;;) {
    const socket = connect(path)
    sockets.push(socket)
    try {
      await once(socket, 'connect')
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      return sockets
    }
  }
}

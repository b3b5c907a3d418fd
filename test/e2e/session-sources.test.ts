import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createRouter } from '../../packages/limpet/src/index.ts'
import { Browser, Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('session sources', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(4)
  })
  after(() => replicas[Symbol.asyncDispose]())

  test('the first source that is present names the session, in the order of the config', async () => {
    await using router = await startRouter({
      config: `services:
  - name: app
    session: [header:x-session-id, query:sid, cookie:sid]
    replicas:
${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    for (const name of sessionNames(40)) {
      const { replica } = await client.ask('/', { headers: { 'x-session-id': name } })
      const withOthers = await client.ask('/?sid=other', {
        headers: { 'x-session-id': name, cookie: 'sid=third' },
      })
      assert.equal(withOthers.replica, replica)
      assert.equal(withOthers.decision, 'hit')
      // The same name is the same session by whatever source: a browser can't set a header on a WebSocket.
      assert.equal((await client.ask(`/?sid=${name}`, { headers: { cookie: 'sid=third' } })).replica, replica)
      assert.equal((await client.ask('/', { headers: { cookie: `sid=${name}` } })).replica, replica)
    }
    const empty = await client.ask('/?sid=', { headers: { 'x-session-id': '' } })
    assert.equal(empty.decision, 'none')
  })

  test('a request without a header gets a cookie where both are sources; one with it does not', async () => {
    await using router = await startRouter({
      config: `services:
  - name: app
    session: [header:x-session-id, cookie]
    replicas:
${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const browser = new Browser(client)
    const first = await browser.ask('/')
    assert.equal(first.cookies.length, 1)
    assert.equal((await browser.ask('/')).replica, first.replica)
    const named = await browser.ask('/', { headers: { 'x-session-id': 'named' } })
    assert.deepEqual(named.cookies, [])
    assert.equal(named.decision, 'new')
  })

  test('a session whose name is the start of another is another session', async () => {
    await using router = await startRouter({
      config: `services:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    assert.equal((await client.ask('/', { headers: { 'x-session-id': 'session-1' } })).decision, 'new')
    assert.equal((await client.ask('/', { headers: { 'x-session-id': 'session-12' } })).decision, 'new')
  })

  test("an untrusted peer's X-Forwarded-For does not name its session", async () => {
    await using router = await startRouter({
      config: `services:\n  - name: app\n    session: ip\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const answers = await forEach(sessionNames(20), 4, (_, index) =>
      client.ask('/', { headers: { 'x-forwarded-for': `10.0.0.${index}` } }),
    )
    assert.equal(Object.keys(tally(answers.map(({ replica }) => replica))).length, 1)
  })

  test("a program's own function names sessions; what it throws is a 500 for that request alone", async () => {
    const router = createRouter({
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      log: { level: 'silent' },
      services: [
        {
          name: 'app',
          replicas: replicas.map(({ url }) => url),
          session: (head) => {
            if (head.header('x-fail') !== undefined) throw new Error('no such tenant')
            return head.header('x-tenant')
          },
        },
      ],
    })
    const { url, adminUrl } = await router.start()
    using client = new Client(Number(new URL(url).port))
    try {
      const homes = await forEach(sessionNames(200), 16, async (name) => {
        const headers = { 'x-tenant': name }
        const first = await client.ask('/', { headers })
        const second = await client.ask('/', { headers })
        assert.equal(second.replica, first.replica)
        assert.deepEqual([first.decision, second.decision], ['new', 'hit'])
        return first.replica
      })
      assert.equal(Object.keys(tally(homes)).length, 4)
      const failed = await client.ask('/', { headers: { 'x-fail': '1', accept: 'application/json' } })
      assert.equal(failed.status, 500)
      assert.equal(JSON.parse(failed.body).error.code, 'LIMPET_SESSION_SOURCE_FAILED')
      assert.ok(!failed.body.includes('tenant'))
      assert.equal((await client.ask('/', { headers: { 'x-tenant': 'session-1' } })).decision, 'hit')
      const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
      assert.match(metrics, /^limpet_session_source_errors_total\{service="app"\} 1$/m)
    } finally {
      await router.close(0)
    }
  })

  test('an async function is refused request by request, and never makes one session of all', async () => {
    const router = createRouter({
      listen: '127.0.0.1:0',
      log: { level: 'silent' },
      services: [
        { name: 'app', replicas: [replicas[0]!.url], session: (async () => 'x') as unknown as () => string },
      ],
    })
    const { url } = await router.start()
    using client = new Client(Number(new URL(url).port))
    try {
      assert.equal((await client.ask('/')).status, 500)
    } finally {
      await router.close(0)
    }
  })
})

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, test } from 'node:test'
import { type AdminParts, AdminServer } from './admin-server.ts'
import { memorySessions, sampleSession } from './sessions-view.fixture.ts'

async function adminOf(
  isReady: () => boolean = () => true,
  more: Pick<AdminParts, 'sessions' | 'token'> = {},
) {
  const metrics = { contentType: 'text/plain; version=0.0.4', text: async () => 'limpet_pins 1\n' }
  const server = new AdminServer({ metrics, isReady, ...more })
  const port = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    ask: (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method }),
    port,
    server,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

describe('the admin listener', () => {
  test('shows metrics with their type, liveness and readiness', async () => {
    let ready = false
    await using admin = await adminOf(() => ready)
    const metrics = await admin.ask('/metrics?x=1')
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4')
    assert.equal(await metrics.text(), 'limpet_pins 1\n')
    assert.equal((await admin.ask('/healthz')).status, 200)
    assert.equal((await admin.ask('/readyz')).status, 503)
    ready = true
    assert.equal((await admin.ask('/readyz')).status, 200)
  })

  test('answers 404 and 405, HEAD without content, and is never cached', async () => {
    await using admin = await adminOf()
    assert.equal((await admin.ask('/nothing')).status, 404)
    const post = await admin.ask('/metrics', 'POST')
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
    const head = await admin.ask('/metrics', 'HEAD')
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.equal(head.headers.get('cache-control'), 'no-store')
  })

  test('tells who is at a busy address, and closes without waiting for idle connections', async () => {
    await using admin = await adminOf()
    await admin.ask('/healthz')
    const second = new AdminServer({
      metrics: { contentType: '', text: async () => '' },
      isReady: () => true,
    })
    await assert.rejects(second.listen({ host: '127.0.0.1', port: admin.port }), {
      code: 'LIMPET_LISTEN_IN_USE',
    })
    await second.close()
    await admin.server.close()
    await assert.rejects(admin.ask('/healthz'))
  })

  test('shows and ends sessions on this machine, for nobody that comes by another name', async () => {
    const ada = sampleSession('chat', 'ada')
    const sessions = memorySessions(['chat'], [ada])
    await using admin = await adminOf(undefined, { sessions })
    const list = await admin.ask('/sessions')
    assert.equal(list.headers.get('content-type'), 'application/json')
    assert.deepEqual(await list.json(), { sessions: [ada], total: 1, truncated: false })
    assert.equal(await statusFor('evil.example', admin.port), 403)
    const ended = await admin.ask(`/sessions/${ada.hash}`, 'DELETE')
    assert.deepEqual([ended.status, await ended.json()], [200, ada])
    const again = await admin.ask(`/sessions/${ada.hash}`)
    assert.deepEqual(await again.json(), { ...ada, replica: null, closed: true })
    assert.match(await (await admin.ask('/')).text(), /\/sessions/)
  })

  test('asks for its token where sessions are concerned, and for nothing else', async () => {
    const sessions = memorySessions(['chat'], [])
    await using admin = await adminOf(undefined, { sessions, token: 'secret' })
    const refused = await admin.ask('/sessions')
    assert.deepEqual([refused.status, refused.headers.get('content-type')], [401, 'application/problem+json'])
    const admitted = await fetch(`http://127.0.0.1:${admin.port}/sessions`, {
      headers: { authorization: 'Bearer secret' },
    })
    assert.equal(admitted.status, 200)
    assert.equal((await admin.ask('/healthz')).status, 200)
  })

  test('has no sessions unless it is given some, and outlives a fault of theirs', async () => {
    await using without = await adminOf()
    assert.equal((await without.ask('/sessions')).status, 404)
    const broken = { ...memorySessions(['chat'], []), list: () => Promise.reject(new Error('a secret')) }
    await using admin = await adminOf(undefined, { sessions: broken })
    const failed = await admin.ask('/sessions')
    assert.deepEqual([failed.status, await failed.text()], [500, 'The router failed on this request.\n'])
    assert.equal((await admin.ask('/healthz')).status, 200)
  })
})

/** The status of a request for sessions whose Host is `host`, which fetch does not let one choose. */
function statusFor(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/sessions', headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

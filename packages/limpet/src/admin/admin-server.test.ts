import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AdminServer } from './admin-server.ts'

async function adminOf(isReady: () => boolean = () => true) {
  const metrics = { contentType: 'text/plain; version=0.0.4', text: async () => 'limpet_pins 1\n' }
  const server = new AdminServer({ metrics, isReady })
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
})

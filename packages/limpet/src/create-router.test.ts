import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRouter, type RouterOptions } from './create-router.ts'

const options: RouterOptions = {
  listen: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  workers: 0,
  log: { level: 'silent' },
  services: [{ name: 'app', replicas: [] }],
}

describe('a router in a program', () => {
  test('starts once, takes up new options, and closes once however often it is told', async () => {
    const router = createRouter(options)
    const { url, adminUrl } = await router.start()
    await assert.rejects(router.start(), { code: 'LIMPET_STARTED' })
    assert.equal((await fetch(`${url}/x`)).status, 503)
    await router.reload({ ...options, services: [{ name: 'app', replicas: [], match: { path: '/only' } }] })
    assert.equal((await fetch(`${url}/x`)).status, 404)
    await assert.rejects(router.reload({ ...options, services: [{ name: 'App', replicas: [] }] }), {
      code: 'LIMPET_CONFIG',
    })
    assert.equal((await fetch(`${url}/x`)).status, 404)
    await Promise.all([router.close(1000), router.close(1000)])
    await assert.rejects(fetch(url))
    await assert.rejects(fetch(`${adminUrl}/healthz`))
    await router.reload(options)
  })

  test('that can not start leaves nothing that listens', async () => {
    const first = createRouter(options)
    const { adminUrl } = await first.start()
    try {
      const second = createRouter({ ...options, admin: new URL(adminUrl!).host })
      await assert.rejects(second.start(), { code: 'LIMPET_LISTEN_IN_USE' })
      await second.close()
    } finally {
      await first.close(0)
    }
  })

  test('serves in its own thread where a session source is a function, and never in workers', () => {
    const services = [{ name: 'app', replicas: [], session: () => 'x' }]
    const { workers: _, ...rest } = options
    createRouter({ ...rest, services })
    assert.throws(() => createRouter({ ...rest, services, workers: 2 }), /worker threads cannot share/)
  })
})

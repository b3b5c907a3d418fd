import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Browser, Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

describe('a replica that is to leave', () => {
  test('is drained by the config: its sessions stay, new ones and requests of none go elsewhere', async () => {
    await using replicas = await startReplicas(3)
    const config = (extra = {}) => `services:\n  - name: app\n    replicas:\n${replicaLines(replicas, extra)}`
    await using router = await startRouter({ config: config() })
    using client = new Client(router.port)
    const ask = (name: string) => client.ask('/', { headers: { 'x-session-id': name } })
    const names = sessionNames(120)
    const homes = await forEach(names, 16, async (name) => (await ask(name)).replica)
    assert.ok(homes.includes('b'))

    await router.reload(config({ b: 'drain: true' }))
    for (const [index, answer] of (await forEach(names, 16, ask)).entries())
      assert.deepEqual([answer.replica, answer.decision], [homes[index], 'hit'])
    const fresh = await forEach(sessionNames(60), 16, (name) => ask(`fresh-${name}`))
    const unnamed = await forEach(sessionNames(60), 16, () => client.ask('/'))
    for (const answers of [fresh, unnamed])
      assert.deepEqual(Object.keys(tally(answers.map(({ replica }) => replica))).sort(), ['a', 'c'])
    assert.equal((await router.metrics()).sum('limpet_replica_state', { replica: 'b', state: 'draining' }), 1)

    await router.reload(config())
    const later = await forEach(sessionNames(60), 16, (name) => ask(`later-${name}`))
    assert.ok(later.some(({ replica }) => replica === 'b'))
  })

  test('for good, under on-lost reject, takes the cookie with it: one error, then a new session', async () => {
    await using replicas = await startReplicas(2)
    const config = (count: number) =>
      `services:\n  - name: app\n    dialect: cookie\n    onLost: reject\n    replicas:\n${replicaLines(replicas.slice(0, count))}`
    await using router = await startRouter({ config: config(2) })
    using client = new Client(router.port)
    const browsers = sessionNames(12).map(() => new Browser(client))
    const homes = await forEach(browsers, 4, async (browser) => (await browser.ask('/')).replica)
    const lost = browsers[homes.indexOf('b')]!
    assert.equal((await lost.ask('/')).decision, 'hit')

    await router.reload(config(1))
    const refused = await lost.ask('/')
    assert.deepEqual([refused.status, refused.body.includes('LIMPET_SESSION_LOST')], [503, true])
    assert.match(refused.cookies[0] ?? '', /^limpet=; Path=\/; Max-Age=0; HttpOnly/)
    const next = await lost.ask('/')
    assert.deepEqual([next.status, next.replica, next.decision], [200, 'a', 'new'])
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client } from '../kit/client.ts'
import { startModelContainer } from '../kit/model-container.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { runLimpet, startRouter, type TestRouter } from '../kit/router.ts'
import { SagemakerClient } from '../kit/sagemaker-client.ts'

function ask(router: TestRouter, ...args: string[]) {
  return runLimpet(['sessions', ...args, '--admin', new URL(router.adminUrl).host])
}

describe('limpet sessions, of a running router', () => {
  test('lists sessions by where they live, shows one by its id, and ends it', async () => {
    await using replicas = await startReplicas(3)
    await using router = await startRouter({
      config: `services:\n  - name: app\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const homes = new Map<string, string | undefined>()
    for (let index = 0; index < 30; index++) {
      const { replica } = await client.ask('/', { headers: { 'x-session-id': `s${index}` } })
      homes.set(`s${index}`, replica)
    }
    const onA = [...homes.values()].filter((replica) => replica === 'a').length
    const listed = await ask(router, 'list', '--replica', 'a')
    assert.match(listed.stdout, new RegExp(`\\n${onA} sessions?\\n$`))
    assert.equal(listed.stdout.split('\n').length, onA + 3)
    const page = JSON.parse((await ask(router, 'list', '--json', '--limit', '7')).stdout)
    assert.deepEqual([page.sessions.length, page.total, page.truncated], [7, 30, true])

    const shown = JSON.parse((await ask(router, 'show', 's3', '--json')).stdout)
    assert.deepEqual(
      [shown.service, shown.replica, shown.epoch, shown.closed],
      ['app', homes.get('s3'), 0, false],
    )
    assert.equal((await ask(router, 'close', shown.hash)).code, 0)
    assert.equal(JSON.parse((await ask(router, 'show', 's3', '--json')).stdout).closed, true)
    const again = await client.ask('/', { headers: { 'x-session-id': 's3' } })
    assert.equal(again.decision, 'moved; reason=closed')
    assert.equal((await client.ask('/', { headers: { 'x-session-id': 's3' } })).decision, 'hit')
    assert.equal((await ask(router, 'show', 'nobody')).code, 1)
  })

  test('ends a session that a container has named, for its client too', async () => {
    await using a = await startModelContainer('a')
    const config = `services:\n  - { name: media, dialect: sagemaker, replicas: ['${a.url}'] }\n`
    await using router = await startRouter({ config })
    using client = new SagemakerClient(router.url, 'media')
    const id = await client.begin()
    const closed = await ask(router, 'close', id)
    assert.match(closed.stdout, /^closed session [0-9a-f]{32} of media, which was on /)
    await assert.rejects(client.invoke({ SessionId: id }), { name: 'ValidationError', message: /closed/ })
  })
})

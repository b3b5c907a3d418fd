import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from '../kit/client.ts'
import { startModelContainer } from '../kit/model-container.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas } from '../kit/replica.ts'
import { startRouter, temporaryFolder } from '../kit/router.ts'
import { SagemakerClient } from '../kit/sagemaker-client.ts'

const env = { LIMPET_KEYS: `1:${Buffer.alloc(32, 6).toString('base64url')}` }

test('kill -9 of a router under load: all sessions go on at their homes after its restart', async () => {
  await using folder = await temporaryFolder()
  await using replicas = await startReplicas(3)
  await using a = await startModelContainer('a')
  await using b = await startModelContainer('b')
  const config = `services:
  - { name: media, dialect: sagemaker, replicas: ['${a.url}', '${b.url}'] }
  - name: app
    replicas:\n${replicaLines(replicas)}`
  const args = ['--store', `sqlite:${join(folder.path, 'pins.db')}`]
  const first = await startRouter({ config, env, args })
  using minting = new SagemakerClient(first.url, 'media')
  const ids: string[] = []
  for (let count = 0; count < 20; count++) ids.push(await minting.begin())

  // Two at a time for each session, as fast as they are answered; what the kill cuts off is not of interest.
  const homes = new Map<string, string | undefined>()
  let stop = false
  using loading = new Client(first.port)
  const load = Array.from({ length: 16 }, async (_, worker) => {
    for (let index = 0; !stop; index++) {
      const name = `w${worker}-${index % 10}`
      const answer = await loading.ask('/', { headers: { 'x-session-id': name } }).catch(() => undefined)
      if (answer === undefined) return
      if (homes.has(name)) assert.equal(answer.replica, homes.get(name))
      homes.set(name, answer.replica)
    }
  })
  await until('all sessions are under way', () => homes.size === 160)
  first.signal('SIGKILL')
  await first.exited
  stop = true
  await Promise.all(load)

  await using second = await startRouter({ config, env, args, listen: `127.0.0.1:${first.port}` })
  using client = new Client(second.port)
  for (const [name, home] of homes)
    assert.equal((await client.ask('/', { headers: { 'x-session-id': name } })).replica, home)
  using invoking = new SagemakerClient(second.url, 'media')
  for (const SessionId of ids) await invoking.invoke({ SessionId })
  assert.equal(a.sessions.size + b.sessions.size, 20)
})

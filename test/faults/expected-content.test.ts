import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw } from '../kit/raw-socket.ts'
import { startReplica } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

for (const dialect of ['header', 'mcp'])
  test(`a client that waits to be asked for its content is asked for it, with dialect: ${dialect}`, async () => {
    await using replica = await startReplica('a')
    await using router = await startRouter({
      workers: 1,
      config: `services: [{ name: app, dialect: ${dialect}, replicas: [{ url: "${replica.url}", name: a }] }]`,
    })
    using client = await openRaw(router.port)
    const content = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    const head = `POST /whoami HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: ${content.length}\r\n\r\n`
    client.send(head)
    await client.receives('HTTP/1.1 100 Continue\r\n\r\n')
    client.send(content)
    await client.receives('HTTP/1.1 200')
    assert.doesNotMatch(client.received, /HTTP\/1\.1 [45]/)
  })

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { until, within } from '../kit/process.ts'
import { startReplica, type TestReplica } from '../kit/replica.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'

/** A raw connection that collects what it is sent. */
async function openRaw(port: number): Promise<{ socket: Socket; text(): string }> {
  const socket = connect({ port, host: '127.0.0.1' })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  socket.on('error', () => undefined)
  await within(2000, 'a connection', once(socket, 'connect'))
  return { socket, text: () => received }
}

describe('requests that come before the last one is answered', () => {
  let replica: TestReplica
  let router: TestRouter

  before(async () => {
    replica = await startReplica('a')
    router = await startRouter({
      workers: 1,
      config: `services: [{ name: app, replicas: [{ url: "${replica.url}", name: a }], session: [] }]`,
    })
  })
  after(async () => {
    await router[Symbol.asyncDispose]()
    await replica[Symbol.asyncDispose]()
  })

  test('are answered though the second one is not complete yet', async () => {
    // The first request leaves an idle connection to the replica, so that the next finds one at once.
    await (await fetch(`${router.url}/whoami`)).arrayBuffer()
    const { socket, text } = await openRaw(router.port)
    const head = 'Host: a\r\n'
    socket.write(`GET / HTTP/1.1\r\n${head}\r\nPOST / HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nab`)
    await until('the first answer', async () => text().includes('HTTP/1.1 200'))
    socket.write('cde')
    await until('both answers', async () => text().split('HTTP/1.1 200').length === 3)
    socket.destroy()
    await until('nothing is left of them', async () => {
      const metrics = await router.metrics()
      return metrics.sum('limpet_requests_in_flight', { service: 'app', replica: 'a' }) === 0
    })
  })

  test('are no way to make the router hold empty lines', async () => {
    const { socket, text } = await openRaw(router.port)
    const closed = once(socket, 'close')
    socket.write(`${'\r\n'.repeat(4)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`)
    await until('a few are forgiven', async () => text().includes('HTTP/1.1 200'))
    socket.write('\r\n'.repeat(1000))
    await within(2000, 'a flood ends the connection', closed)
    assert.match(text(), /HTTP\/1\.1 400 Bad Request/)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { openChannel, SettingsError } from '@limpet/replica/channel'
import { WebSocket } from 'ws'
import { until, within } from '../kit/process.ts'
import { openRaw } from '../kit/raw-socket.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'

const token = 'secret'
const config = 'services: [{ name: none, replicas: [] }]'

describe('the broker at the admin listener', () => {
  let router: TestRouter
  before(async () => {
    router = await startRouter({ config, workers: 1, env: { LIMPET_CHANNEL_TOKEN: token } })
  })
  after(() => router[Symbol.asyncDispose]())

  const refused = async (reason: string) =>
    (await router.metrics()).sum('limpet_channel_refused_total', { reason })

  /** A connection that says what it likes. */
  async function connect(): Promise<{
    socket: WebSocket
    answer(request: object | string): Promise<unknown>
  }> {
    const socket = new WebSocket(`${router.adminUrl.replace('http', 'ws')}/channel`, 'limpet-channel.1', {
      headers: { authorization: `Bearer ${token}` },
    })
    await within(5000, 'the connection', once(socket, 'open'))
    return {
      socket,
      async answer(request) {
        const answered = once(socket, 'message')
        socket.send(typeof request === 'string' ? request : JSON.stringify(request))
        const [text] = await within(5000, 'an answer', answered)
        return JSON.parse(String(text))
      },
    }
  }

  test('is not there without a token', async () => {
    await using other = await startRouter({ config, workers: 1 })
    await assert.rejects(openChannel(other.adminUrl, { token }), SettingsError)
    using raw = await openRaw(Number(new URL(other.adminUrl).port))
    raw.send('GET /channel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await raw.receives('HTTP/1.1 404 ')
  })

  test('takes no other token, and none in the query', async () => {
    for (const wrong of ['', 'Secret', 'secret2', 'x'.repeat(10_000)]) {
      await assert.rejects(openChannel(router.adminUrl, { token: wrong || 'empty' }), SettingsError)
    }
    using raw = await openRaw(Number(new URL(router.adminUrl).port))
    raw.send(
      `GET /channel?token=${token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
    await raw.receives('HTTP/1.1 401 ')
    await raw.ended()
    assert.ok((await refused('unauthorized')) >= 5)
  })

  test('closes on what it does not understand, and goes on with others', async () => {
    const { answer } = await connect()
    const before = await refused('malformed')
    const garbage = [
      'no JSON',
      '[]',
      '{"op":"publish"}',
      '{"op":"drop","ref":1,"topic":"a"}',
      '{"op":"listen","ref":-1,"topic":"a"}',
      '{"op":"listen","ref":1,"topic":"a b"}',
      '{"op":"read","ref":1,"topic":"a","after":"x"}',
      Buffer.from('{"op":"listen","ref":1,"topic":"a"}'),
    ]
    for (const words of garbage) {
      const { socket } = await connect()
      socket.send(words)
      const [code] = await within(5000, 'the close', once(socket, 'close'))
      assert.equal(code, 1003)
    }
    assert.equal(await refused('malformed'), before + garbage.length)
    assert.deepEqual(await answer({ op: 'read', ref: 7, topic: 'none' }), {
      op: 'done',
      ref: 7,
      value: { entries: [], last: '0-0', more: false },
    })
  })

  test('refuses a message that is too large, and one that is larger still with its connection', async () => {
    const { socket, answer } = await connect()
    const publish = (bytes: number) => ({
      op: 'publish',
      ref: 1,
      topic: 'a',
      id: 'x',
      text: 'x'.repeat(bytes),
    })
    const { op, code } = (await answer(publish(256 * 1024 + 1))) as { op: string; code: string }
    assert.deepEqual([op, code], ['refused', 'LIMPET_CHANNEL_TOO_LARGE'])
    socket.on('error', () => undefined)
    socket.send(JSON.stringify(publish(3 * 1024 * 1024)))
    await within(5000, 'the close', once(socket, 'close'))
  })

  test('cuts off a replica that does not read, which then goes on where it was', async () => {
    const slow = await connect()
    await slow.answer({ op: 'listen', ref: 1, topic: 'flood' })
    ;(slow.socket as unknown as { _socket: { pause(): void } })._socket.pause()
    const channel = await openChannel(router.adminUrl, { token })
    try {
      const subscription = channel.subscribe('flood')
      await subscription.ready
      const before = await refused('slow')
      const text = 'x'.repeat(250_000)
      for (let at = 0; at < 80; at++) await channel.publish('flood', text)
      await until('it is cut off', async () => (await refused('slow')) > before)
    } finally {
      await channel.close()
    }
  })

  test('counts, and is over with the router at once', async () => {
    await using other = await startRouter({ config, workers: 1, env: { LIMPET_CHANNEL_TOKEN: token } })
    const channel = await openChannel(other.adminUrl, { token })
    const subscription = channel.subscribe('a')
    await subscription.ready
    await channel.publish('a', 'ö')
    const metrics = await other.metrics()
    const names = ['connections', 'topics', 'listens', 'bytes', 'published_total', 'delivered_total']
    assert.deepEqual(
      names.map((name) => metrics.sum(`limpet_channel_${name}`)),
      [1, 1, 1, 4, 1, 1],
    )
    const stoppedMs = performance.now()
    other.signal('SIGTERM')
    assert.equal((await within(10_000, 'the exit', other.exited)).code, 0)
    assert.ok(performance.now() - stoppedMs < 3000)
    await channel.close()
  })
})

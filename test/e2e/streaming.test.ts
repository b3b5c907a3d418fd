import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { Client, exchangeRaw, forEach, sessionNames } from '../kit/client.ts'
import { until, within } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplica, type TestReplicas } from '../kit/replica.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'

describe('through the router', () => {
  let replicas: TestReplicas
  let router: TestRouter
  const configOf = (list: readonly TestReplica[]) =>
    `services:\n  - name: app\n    session: [header:x-session-id, query:sid]\n    replicas:\n${replicaLines(list)}`
  before(async () => {
    replicas = await startReplicas(3)
    router = await startRouter({ config: configOf(replicas) })
  })
  after(async () => {
    await router[Symbol.asyncDispose]()
    await replicas[Symbol.asyncDispose]()
  })

  /** The next message of a WebSocket. */
  async function messageOf(socket: WebSocket): Promise<string> {
    const [event] = await within(5000, 'a message', once(socket, 'message'))
    return (event as MessageEvent).data
  }

  test('WebSockets stick to their session, with requests too, and survive reloads', async () => {
    using client = new Client(router.port)
    // So many that each replica gets one: of 12, one in 40 runs leaves a replica out.
    const count = 40
    const sockets = await forEach(sessionNames(count), 4, async (name) => {
      const socket = new WebSocket(`ws://127.0.0.1:${router.port}/ws?sid=${name}`)
      return { name, socket, home: await messageOf(socket) }
    })
    for (const { name, socket, home } of sockets) {
      const again = new WebSocket(`ws://127.0.0.1:${router.port}/ws?sid=${name}`)
      assert.equal(await messageOf(again), home)
      again.close()
      assert.equal((await client.ask('/', { headers: { 'x-session-id': name } })).replica, home)
      const echo = messageOf(socket)
      socket.send('one')
      assert.equal(await echo, `${home}:one`)
    }
    assert.equal(new Set(sockets.map(({ home }) => home)).size, 3)
    await router.reload(configOf(replicas.toReversed()))
    for (const { socket, home } of sockets) {
      const echo = messageOf(socket)
      socket.send('two')
      assert.equal(await echo, `${home}:two`)
    }
    await router.reload(configOf(replicas))
    assert.equal((await router.metrics()).sum('limpet_tunnels'), count)
    for (const { socket } of sockets) socket.close()
    await until('all tunnels are closed', async () => {
      const metrics = await router.metrics()
      return metrics.sum('limpet_tunnels') === 0 && metrics.sum('limpet_requests_in_flight') === 0
    })
  })

  test('each server-sent event arrives before the replica sends the next', async () => {
    const asked = get(`${router.url}/events?id=lockstep&sid=events`)
    const [stream] = (await within(5000, 'the head', once(asked, 'response'))) as [IncomingMessage]
    assert.match(String(stream.headers['content-type']), /text\/event-stream/)
    const home = replicas.find(({ name }) => name === stream.headers['x-replica'])!
    stream.setEncoding('utf8')
    for (let event = 1; event <= 20; event++) {
      // The replica writes only when it is told to, past the router, and is told again only after the arrival.
      const arrival = once(stream, 'data')
      await fetch(`${home.url}/push?id=lockstep&data=event-${event}`)
      assert.deepEqual(await within(2000, `event ${event}`, arrival), [`data: event-${event}\n\n`])
    }
    const end = once(stream, 'end')
    await fetch(`${home.url}/push?id=lockstep`)
    await within(2000, 'the end', end)
  })

  test('an HTTP/1.0 client is answered without chunks, and the connection ends', async () => {
    const text = await exchangeRaw(router.port, 'GET /trailers HTTP/1.0\r\nHost: example.com\r\n\r\n')
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    assert.ok(!/transfer-encoding/i.test(text))
    assert.ok(text.endsWith('\r\n\r\nbody'), text)
  })

  test('HEAD, 204 and 304 have no content, and the connection serves on', async () => {
    const requests = [
      'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /status?code=204 HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /status?code=304 HTTP/1.1\r\nHost: x\r\n\r\n',
      'HEAD /nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    ]
    const text = await exchangeRaw(router.port, requests.join(''))
    const heads = text.split('\r\n\r\n')
    assert.equal(heads.length, 5)
    assert.equal(heads[4], '')
    const statuses = heads.slice(0, 4).map((head) => Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]))
    assert.deepEqual(statuses, [200, 204, 304, 200])
    assert.match(heads[0]!, /content-length: \d+/i)
    assert.match(heads[2]!, /etag: "1"/i)
  })

  test('trailers reach the client', async () => {
    using client = new Client(router.port)
    const answer = await client.ask('/trailers')
    assert.equal(answer.body, 'body')
    assert.deepEqual({ ...answer.trailers }, { 'x-checksum': 'abc' })
  })

  test('103 Early Hints arrive before the answer', async () => {
    const asked = get(`${router.url}/hints`)
    const order: string[] = []
    asked.on('information', ({ statusCode, headers }) => order.push(`${statusCode} ${headers.link}`))
    const [response] = (await within(5000, 'the answer', once(asked, 'response'))) as [IncomingMessage]
    order.push(String(response.statusCode))
    response.resume()
    await once(response, 'end')
    assert.deepEqual(order, ['103 </style.css>; rel=preload', '200'])
  })

  test('100-continue comes from the replica, before the client sends its content', async () => {
    const asked: ClientRequest = request(`${router.url}/upload`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 5 },
    })
    asked.flushHeaders()
    await within(5000, '100 Continue', once(asked, 'continue'))
    asked.end('12345')
    const [response] = (await within(5000, 'the answer', once(asked, 'response'))) as [IncomingMessage]
    let body = ''
    for await (const chunk of response.setEncoding('utf8')) body += chunk
    assert.equal(JSON.parse(body).bodyBytes, 5)
  })

  test('100 MB go down and up, to a client that is slow too, and the router does not grow with them', async () => {
    const bytes = 100 * 1024 * 1024
    const memory = async () => (await router.metrics()).sum('process_resident_memory_bytes')
    // Once before, so that what grows on first use has grown.
    await download(8 * 1024 * 1024, 0)
    const beforeBytes = await memory()
    let mostBytes = beforeBytes
    const watch = setInterval(async () => {
      mostBytes = Math.max(mostBytes, await memory().catch(() => 0))
    }, 50)
    try {
      assert.equal(await download(bytes, 300), bytes)
      const upload = request(`${router.url}/upload`, { method: 'POST' })
      const answered = once(upload, 'response') as Promise<[IncomingMessage]>
      const block = Buffer.alloc(256 * 1024, 'u')
      for (let sent = 0; sent < bytes; sent += block.length) {
        if (!upload.write(block)) await within(10_000, 'the router takes more', once(upload, 'drain'))
      }
      upload.end()
      const [response] = await within(10_000, 'the answer', answered)
      let body = ''
      for await (const chunk of response.setEncoding('utf8')) body += chunk
      assert.equal(JSON.parse(body).bodyBytes, bytes)
    } finally {
      clearInterval(watch)
    }
    const grownBy = Math.round((mostBytes - beforeBytes) / 1024 / 1024)
    assert.ok(grownBy < 80, `grew by ${grownBy} MB`)
  })

  /** Reads it all, after a pause of `pauseMs` in the middle, and resolves to how much it was. */
  async function download(bytes: number, pauseMs: number): Promise<number> {
    const asked = get(`${router.url}/download?bytes=${bytes}`)
    const [response] = (await within(5000, 'the head', once(asked, 'response'))) as [IncomingMessage]
    let received = 0
    response.on('data', (chunk: Buffer) => {
      if (received === 0 && pauseMs > 0) {
        response.pause()
        setTimeout(() => response.resume(), pauseMs)
      }
      received += chunk.length
    })
    await within(20_000, 'the end', once(response, 'end'))
    return received
  }
})

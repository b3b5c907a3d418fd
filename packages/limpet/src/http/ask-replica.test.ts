import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { askReplica, type Question } from './ask-replica.ts'
import { Deadlines } from './deadlines.ts'
import type { HttpSettings } from './http-context.ts'
import { ReplicaPool } from './replica-pool.ts'
import { createServerContext, type ServerContext } from './server-context.ts'

const settings = {
  limits: { headBytes: 16_384 },
  timeouts: { connectMs: 5000, writeStallMs: 5000, responseMs: 5000, streamMs: 5000 },
} as unknown as HttpSettings

let context: ServerContext
let server: Server
let pool: ReplicaPool
/** What the replica got, connection by connection. */
let received: string[]
let sockets: Socket[]
/** What it does once it has got a whole request. */
let answer: (socket: Socket) => void

beforeEach(async () => {
  received = []
  sockets = []
  answer = () => undefined
  server = createServer((socket) => {
    const at = received.push('') - 1
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      received[at] += bytes.toString('utf8')
      if (received[at]!.endsWith('{"a":"ä"}')) answer(socket)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const counters = { timedOut: () => undefined }
  context = createServerContext({
    settings,
    deadlines: new Deadlines(),
    counters,
    routing: undefined,
    admission: undefined,
  } as unknown as Parameters<typeof createServerContext>[0])
  const { port } = server.address() as AddressInfo
  pool = new ReplicaPool(
    { host: '127.0.0.1', port, tls: false },
    { idleMs: 60_000, maxIdle: 10 } as never,
    context,
  )
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
  pool.close()
  context.deadlines.stop()
})

function ask(more: Partial<Question> = {}) {
  const head = 'POST /mcp HTTP/1.1\r\nHost: h\r\nX-A: caf\xe9\r\nContent-Length: 10\r\n'
  return askReplica(pool, { head, content: '{"a":"ä"}', timeoutMs: 5000, mostBytes: 1000, ...more })
}

/** The answer's status and content. */
async function said(more: Partial<Question> = {}): Promise<[number, string] | undefined> {
  const reply = await ask(more)
  return reply && [reply.head.status, reply.content.toString('utf8')]
}

/** Until the replica sees that a connection has ended. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close')
}

describe('a question to a replica', { timeout: 20_000 }, () => {
  test('is sent as it is, with its content in UTF-8, on a connection of its own that is closed after', async () => {
    answer = (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-B: caf\xe9\r\n\r\nok', 'latin1')
    const reply = await ask()
    assert.deepEqual(
      [reply?.head.status, reply?.head.fields.find('x-b'), reply?.content.toString()],
      [200, 'caf\xe9', 'ok'],
    )
    assert.equal(
      received[0],
      'POST /mcp HTTP/1.1\r\nHost: h\r\nX-A: caf\ufffd\r\nContent-Length: 10\r\n\r\n{"a":"ä"}',
    )
    await closed(sockets[0]!)
    await ask()
    assert.equal(received.length, 2)
    assert.equal(pool.idleCount, 0)
  })

  for (const [what, text, content] of [
    [
      'in chunks, decoded',
      'Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n4;x\r\n two\r\n0\r\nX: y\r\n\r\n',
      'one two',
    ],
    ['without content', 'Content-Length: 0\r\n\r\n', ''],
    ['to the end of the connection', '\r\none two', 'one two'],
  ] as const) {
    test(`has an answer ${what}`, async () => {
      answer = (socket) =>
        text.startsWith('\r\n')
          ? socket.end(`HTTP/1.1 200 OK\r\n${text}`)
          : socket.write(`HTTP/1.1 200 OK\r\n${text}`)
      assert.deepEqual(await said(), [200, content])
    })
  }

  test('has an answer that comes byte by byte, behind interim ones', async () => {
    answer = async (socket) => {
      socket.setNoDelay(true)
      const text =
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\none'
      for (const byte of text) {
        socket.write(byte)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    assert.deepEqual(await said(), [202, 'one'])
  })

  test('keeps its answer whatever is read meanwhile', async () => {
    let count = 0
    answer = (socket) => {
      const name = `${count++}`.repeat(500)
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Name: ${name[0]}\r\n\r\n${name}`)
      setTimeout(() => socket.write(name), 20)
    }
    const replies = await Promise.all([1, 2, 3].map(() => ask()))
    for (const reply of replies)
      assert.equal(reply!.content.toString(), reply!.head.fields.find('x-name')!.repeat(1000))
  })

  test('is through as soon as there is enough of an answer that goes on for ever', async () => {
    answer = (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: 2')
    const seen: string[] = []
    const isEnough = (content: Buffer) => {
      seen.push(content.toString())
      return content.includes('data: 1\n\n')
    }
    assert.deepEqual(await said({ isEnough }), [200, 'data: 1\n\ndata: 2'])
    assert.deepEqual(seen, ['data: 1\n\ndata: 2'])
    await closed(sockets[0]!)
  })

  for (const [what, write] of [
    ['is cut', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\none')],
    ['ends before it begins', (socket: Socket) => socket.end()],
    ['is reset', (socket: Socket) => socket.resetAndDestroy()],
    ['is no HTTP', (socket: Socket) => socket.write('hello\r\n\r\n')],
    [
      'breaks its framing',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx'),
    ],
    [
      'switches protocols',
      (socket: Socket) => socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
    [
      'is too long',
      (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(1001)}`),
    ],
  ] as const) {
    test(`has no answer where that ${what}, and leaves no connection`, async () => {
      answer = (socket) => void write(socket)
      const startedMs = performance.now()
      assert.equal(await said(), undefined)
      assert.ok(performance.now() - startedMs < 2500, 'before its time is over')
      await closed(sockets[0]!)
    })
  }

  for (const [what, text] of [
    ['is silent', ''],
    ['falls silent in a head', 'HTTP/1.1 200 OK\r\n'],
    ['falls silent in a content', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\none'],
    ['falls silent in a stream', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1'],
  ] as const) {
    test(`is given up in time where the replica ${what}`, async () => {
      answer = (socket) => void (text !== '' && socket.write(text))
      const startedMs = performance.now()
      assert.equal(await said({ timeoutMs: 150 }), undefined)
      assert.ok(performance.now() - startedMs < 3000)
      await closed(sockets[0]!)
    })
  }

  test('is given up in time where the replica drips for ever', async () => {
    answer = async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n')
      while (!socket.destroyed) {
        socket.write('x')
        await sleep(10)
      }
    }
    assert.equal(await said({ timeoutMs: 200 }), undefined)
  })

  test('has no answer where nobody listens', async () => {
    server.close()
    await once(server, 'close')
    assert.equal(await said(), undefined)
  })

  test('is asked by a new connection although one is idle', async () => {
    answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    const used = pool.acquire(true)
    await new Promise<void>((resolve) => {
      const sink = {
        method: 'POST',
        decodesChunks: true,
        silenceMs: 0,
        onConnected: () => undefined,
        onResponseHead: () => undefined,
        onContent: (_: unknown, done: boolean) => {
          if (done) resolve()
        },
      }
      used.begin(
        sink as never,
        'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n',
        Buffer.from('{"a":"ä"}'),
        true,
      )
    })
    used.release(true, performance.now())
    assert.equal(pool.idleCount, 1)
    await ask()
    assert.deepEqual([received.length, pool.idleCount], [2, 1])
  })
})

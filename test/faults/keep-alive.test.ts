import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, Client, forEach, tally } from '../kit/client.ts'
import { until, within } from '../kit/process.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'
import {
  okResponse,
  type Script,
  type ScriptedReplica,
  startScriptedReplica,
} from '../kit/scripted-replica.ts'

/** A replica whose every path is answered by `script`, behind a router of one worker, so that there is one pool. */
async function setUp(script: Script, more = '', paths: readonly string[] = ['/']): Promise<SetUp> {
  const replica = await startScriptedReplica(Object.fromEntries(paths.map((path) => [path, script])))
  const router = await startRouter({
    workers: 1,
    config: `${more}\nservices: [{ name: app, health: off, ejection: off, replicas: ["${replica.url}"] }]`,
  })
  return {
    replica,
    router,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]()
      await replica[Symbol.asyncDispose]()
    },
  }
}

interface SetUp extends AsyncDisposable {
  readonly replica: ScriptedReplica
  readonly router: TestRouter
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.on('close', () => resolve())
  })
}

const sockets = ({ replica }: SetUp): Socket[] => replica.requests.map(({ socket }) => socket)

describe('a connection with bytes that nobody asked for', () => {
  const stray = okResponse('stray')

  test('in one piece with the answer: is not used again', async () => {
    await using all = await setUp(({ socket }) => socket.write(okResponse('mine') + stray))
    using client = new Client(all.router.port, 1)
    for (let round = 0; round < 20; round++) assert.equal((await client.ask('/')).body, 'mine')
    assert.equal(new Set(sockets(all)).size, 20)
  })

  test('right behind the answer: is not used again', async () => {
    await using all = await setUp(({ socket }) => {
      socket.write(okResponse('mine'))
      setImmediate(() => socket.write(stray))
    })
    using client = new Client(all.router.port, 1)
    for (let round = 0; round < 20; round++) {
      assert.equal((await client.ask('/')).body, 'mine')
      await closed(sockets(all).at(-1)!)
    }
    assert.equal(new Set(sockets(all)).size, 20)
  })

  test('while it is idle: is closed at once', async () => {
    await using all = await setUp(({ socket }) => socket.write(okResponse('mine')))
    using client = new Client(all.router.port, 1)
    for (let round = 0; round < 5; round++) {
      assert.equal((await client.ask('/')).body, 'mine')
      const socket = sockets(all).at(-1)!
      await pause(50)
      assert.ok(!socket.closed)
      socket.write('x')
      await within(1000, 'the router closes the connection', closed(socket))
    }
    assert.equal(new Set(sockets(all)).size, 5)
  })

  test('behind an answer that has no content: is not used again', async () => {
    await using all = await setUp(({ socket, method }) =>
      socket.write(method === 'HEAD' ? okResponse('content of a HEAD') : okResponse('mine')),
    )
    using client = new Client(all.router.port, 1)
    assert.equal((await client.ask('/', { method: 'HEAD' })).body, '')
    assert.equal((await client.ask('/')).body, 'mine')
    assert.equal(new Set(sockets(all)).size, 2)
  })
})

describe('an idle connection', () => {
  test('is used again while it is young', async () => {
    await using all = await setUp(({ socket }) => socket.write(okResponse('mine')))
    using client = new Client(all.router.port, 1)
    for (let round = 0; round < 10; round++) await client.ask('/')
    assert.equal(all.replica.connections, 1)
  })

  test('is closed after pool.idle', async () => {
    await using all = await setUp(({ socket }) => socket.write(okResponse('mine')), 'pool: { idle: 500ms }')
    using client = new Client(all.router.port, 1)
    await client.ask('/')
    const startedMs = performance.now()
    await within(5000, 'the router closes the connection', closed(sockets(all)[0]!))
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs > 450 && tookMs < 1500, `closed after ${Math.round(tookMs)} ms`)
  })

  test('is closed a second before the replica has announced to close it', async () => {
    const script: Script = ({ socket }) => socket.write(okResponse('mine', ['Keep-Alive: timeout=2']))
    await using all = await setUp(script, 'pool: { idle: 60s }')
    using client = new Client(all.router.port, 1)
    await client.ask('/')
    await client.ask('/')
    assert.equal(all.replica.connections, 1)
    const startedMs = performance.now()
    await within(5000, 'the router closes the connection', closed(sockets(all)[0]!))
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs > 900 && tookMs < 1900, `closed after ${Math.round(tookMs)} ms`)
  })

  test('is not kept at all where the replica announces a second or less', async () => {
    const script: Script = ({ socket }) => socket.write(okResponse('mine', ['Keep-Alive: timeout=1, max=5']))
    await using all = await setUp(script)
    using client = new Client(all.router.port, 1)
    for (let round = 0; round < 5; round++) await client.ask('/')
    assert.equal(all.replica.connections, 5)
  })
})

/** How a replica gives up a connection. */
const endings = {
  FIN: (socket: Socket) => socket.end(),
  RST: (socket: Socket) => socket.resetAndDestroy(),
} as const

describe('a replica that closes a kept connection just as the next request comes', () => {
  const ROUNDS = 150

  for (const [name, end] of Object.entries(endings)) {
    /** Answers the first request of each connection, and closes at the second. */
    const script: Script = async ({ socket, index, complete }) => {
      await complete
      if (index === 0) socket.write(okResponse('answered'))
      else end(socket)
    }

    test(`${name} instead of an answer: GET succeeds on another connection`, async () => {
      await using all = await setUp(script)
      using client = new Client(all.router.port, 1)
      for (let round = 0; round < ROUNDS; round++) assert.equal((await client.ask('/')).status, 200)
      const retries = (await all.router.metrics()).sum('limpet_retries_total')
      assert.equal(retries, ROUNDS - 1)
    })

    test(`${name} instead of an answer: POST gets 502 and reaches the replica once`, async () => {
      await using all = await setUp(script)
      using client = new Client(all.router.port, 1)
      const answers: Answer[] = []
      for (let round = 0; round < ROUNDS; round++)
        answers.push(await client.ask('/', { method: 'POST', body: 'x', headers: { 'x-round': `${round}` } }))
      assert.deepEqual(tally(answers.map(({ status }) => `${status}`)), { 200: ROUNDS / 2, 502: ROUNDS / 2 })
      assert.equal(all.replica.requests.length, ROUNDS)
      assert.equal((await all.router.metrics()).sum('limpet_retries_total'), 0)
      assert.equal(
        (await all.router.metrics()).sum('limpet_refusals_total', { code: 'LIMPET_REPLICA_RESET' }),
        ROUNDS / 2,
      )
    })

    test(`${name} in a race with the next request: GET succeeds, POST is executed at most once`, async () => {
      const delaysMs = [0, 0, 1, 1, 2, 3]
      const racing: Script = async ({ socket, index, complete }) => {
        await complete
        if (socket.writableEnded) return
        socket.write(okResponse('answered'))
        const delayMs = delaysMs[index % delaysMs.length]!
        // Sometimes at once, and sometimes a little later than the client sends its next request.
        if (index > 0) setTimeout(() => end(socket), delayMs)
      }
      await using all = await setUp(racing)
      using client = new Client(all.router.port, 1)
      const outcomes: string[] = []
      for (let round = 0; round < 2 * ROUNDS; round++) {
        const method = round % 2 === 0 ? 'GET' : 'POST'
        const headers = { 'x-round': `${round}` }
        const { status } = await client.ask('/', {
          method,
          headers,
          ...(method === 'POST' ? { body: 'x' } : {}),
        })
        outcomes.push(`${method} ${status}`)
        const times = all.replica.requests.filter(({ fields }) => fields.get('x-round') === `${round}`).length
        if (method === 'GET') assert.equal(status, 200)
        else if (status === 200) assert.equal(times, 1)
        else {
          assert.equal(status, 502)
          assert.ok(times <= 1, `executed ${times} times`)
        }
      }
      assert.equal(tally(outcomes)['GET 200'], ROUNDS)
      // Otherwise there was no race.
      assert.ok((await all.router.metrics()).sum('limpet_retries_total') > 0)
    })
  }

  test('with part of an answer before: nothing is sent again', async () => {
    await using all = await setUp(({ socket, index }) => {
      if (index === 0) socket.write(okResponse('answered'))
      else socket.end('HTTP/1.1 200 OK\r\nContent-Le')
    })
    using client = new Client(all.router.port, 1)
    assert.equal((await client.ask('/')).status, 200)
    assert.equal((await client.ask('/')).status, 502)
    assert.equal(all.replica.requests.length, 2)
  })

  test('on every connection, new ones too: GET gets 502 after one more attempt', async () => {
    let answers = 1
    await using all = await setUp(({ socket }) => {
      if (answers-- > 0) socket.write(okResponse('answered'))
      else socket.resetAndDestroy()
    })
    using client = new Client(all.router.port, 1)
    assert.equal((await client.ask('/')).status, 200)
    assert.equal((await client.ask('/')).status, 502)
    assert.equal(all.replica.requests.length, 3)
  })
})

describe('a replica that closes its idle connections after 5 ms, under load', () => {
  test('no GET fails, and no POST is executed twice', async () => {
    const paths = Array.from({ length: 50 }, (_, at) => `/${at}`)
    const timers = new WeakMap<Socket, NodeJS.Timeout>()
    const script: Script = async ({ socket, complete }) => {
      clearTimeout(timers.get(socket))
      await complete
      if (socket.writableEnded) return
      socket.write(okResponse('answered'))
      timers.set(
        socket,
        setTimeout(() => socket.end(), 5),
      )
    }
    await using all = await setUp(script, '', paths)
    using client = new Client(all.router.port, 24)
    let posts = 0
    const outcomes = await forEach(Array.from({ length: 4000 }), 24, async (_, index) => {
      // Pauses of 0 to 11 ms, so that many a request meets a connection of just that age.
      await pause((index * 7) % 12)
      const method = index % 4 === 3 ? 'POST' : 'GET'
      if (method === 'POST') posts++
      const headers = { 'x-index': `${index}` }
      const { status } = await client.ask(paths[index % paths.length]!, {
        method,
        headers,
        ...(method === 'POST' ? { body: 'x' } : {}),
      })
      return `${method} ${status}`
    })
    const counts = tally(outcomes)
    assert.equal(counts['GET 200'], 3000)
    assert.equal((counts['POST 200'] ?? 0) + (counts['POST 502'] ?? 0), posts)
    const executed = tally(
      all.replica.requests
        .filter(({ method }) => method === 'POST')
        .map(({ fields }) => fields.get('x-index')),
    )
    for (const [index, times] of Object.entries(executed)) assert.equal(times, 1, `POST ${index}`)
    // Otherwise no request met a connection that was being closed.
    assert.ok((await all.router.metrics()).sum('limpet_retries_total') > 0, JSON.stringify(counts))
    await until('the router has closed its ends', () => all.replica.sockets.size === 0)
  })
})

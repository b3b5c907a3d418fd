/** A container as its program sees it: handlers, order, moves, pings, settings. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { closeBody, idIn, newSessionBody, sessionId, startContainer } from './container.fixture.ts'
import { FullError } from './errors.ts'
import { createMemoryStore } from './store/memory-store.ts'

test('a handler keeps state in the session of its request', async () => {
  await using server = await startContainer({
    handler: async (request, response, { session }) => {
      const said = ((await session?.get('said')) as string[] | undefined) ?? []
      said.push(await text(request))
      await session?.put('said', said)
      response.end(said.join())
    },
  })
  const [one, two] = [await server.begin(), await server.begin()]
  await server.post('a', { [sessionId]: one })
  await server.post('x', { [sessionId]: two })
  assert.equal((await server.post('b', { [sessionId]: one })).text, 'a,b')
  assert.equal((await server.post('c')).text, 'c')
})

test('a handler creates a session from any body, and closes one', async () => {
  await using server = await startContainer({
    handler: async (request, response, visit) => {
      if (visit.session) await visit.close()
      else await (await visit.create()).put('film', request)
      response.end('done')
    },
  })
  const id = idIn((await server.post(Buffer.alloc(70_000), { 'content-type': 'video/mp4' })).headers)
  assert.deepEqual(server.container.sessions?.held, { sessions: 1, bytes: 70_000 })
  const closed = await server.post('{}', { [sessionId]: id })
  assert.equal(closed.headers.get('X-Amzn-SageMaker-Closed-Session-Id'), id)
  assert.deepEqual(server.container.sessions?.held, { sessions: 0, bytes: 0 })
})

test('NEW_SESSION as an id creates one for any body', async () => {
  await using server = await startContainer({
    handler: (_request, response, { session }) => void response.end(session?.id),
  })
  const { text, headers } = await server.post('{"q":1}', { [sessionId]: 'NEW_SESSION' })
  assert.equal(text, idIn(headers))
})

test('a session whose creating request fails is closed again', async () => {
  const closed: string[] = []
  await using server = await startContainer({
    onClose: (id) => void closed.push(id),
    handler: async (_request, response, visit) => {
      await visit.create()
      response.writeHead(422).end('no')
    },
  })
  const { status, headers } = await server.post('{}')
  assert.equal(status, 422)
  assert.equal(headers.get('X-Amzn-SageMaker-New-Session-Id'), null)
  assert.equal(closed.length, 1)
})

test('what a handler throws is a bare 500, and goes to the report', async () => {
  await using server = await startContainer({
    handler: () => {
      throw new Error('secret path /srv/model')
    },
  })
  const { status, text } = await server.post('{}')
  assert.deepEqual([status, text], [500, 'Internal server error'])
  assert.deepEqual(server.reports, ['answer a request: secret path /srv/model'])
})

test("this library's errors that a handler lets pass have their own status and code", async () => {
  await using server = await startContainer({
    limits: { valueBytes: 10 },
    handler: async (_request, _response, { session }) => session?.put('a', 'too long for this'),
  })
  const id = await server.begin()
  const { status, text, headers } = await server.post('{}', { [sessionId]: id })
  assert.deepEqual([status, text], [413, 'A value may hold at most 10 bytes.'])
  assert.equal(headers.get('limpet-error'), 'LIMPET_REPLICA_TOO_LARGE')
})

test('a replica that holds as many sessions as it may says so, until one ends', async () => {
  await using server = await startContainer({ limits: { sessions: 2 } })
  const id = await server.begin()
  await server.begin()
  const { status, headers } = await server.post(newSessionBody)
  assert.deepEqual([status, headers.get('limpet-error')], [503, new FullError(2).code])
  await server.post(closeBody, { [sessionId]: id })
  await server.begin()
})

for (const [serialize, expected] of [
  [true, 'first second'],
  [false, 'second first'],
] as const) {
  test(`requests of one session ${serialize ? 'wait' : 'do not wait'} for each other by option`, async () => {
    const answered: string[] = []
    const secondCame = Promise.withResolvers<void>()
    const secondAnswered = Promise.withResolvers<void>()
    await using server = await startContainer({
      serialize,
      handler: async (request, response) => {
        const name = await text(request)
        if (name === 'first') {
          await secondCame.promise
          // Where it has to wait, time is all that could show that it doesn't.
          for (let turn = 0; serialize && turn < 20; turn++) await nextTurn()
          if (!serialize) await secondAnswered.promise
        }
        answered.push(name)
        response.end()
        if (name === 'second') secondAnswered.resolve()
      },
    })
    const id = await server.begin()
    const firstCame = once(server.server, 'request')
    const first = server.post('first', { [sessionId]: id })
    await firstCame
    server.server.once('request', () => secondCame.resolve())
    await Promise.all([first, server.post('second', { [sessionId]: id })])
    assert.equal(answered.join(' '), expected)
  })
}

test('in order, a session that hangs holds up no other', async () => {
  const hung = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  let hanging = ''
  await using server = await startContainer({
    serialize: true,
    handler: async (_request, response, { session }) => {
      if (session?.id === hanging) {
        arrived.resolve()
        await hung.promise
      }
      response.end('answered')
    },
  })
  hanging = await server.begin()
  const other = await server.begin()
  const first = server.post('{}', { [sessionId]: hanging })
  await arrived.promise
  assert.equal((await server.post('{}', { [sessionId]: other })).text, 'answered')
  await server.begin()
  hung.resolve()
  assert.equal((await first).text, 'answered')
})

test('a session that has moved is refused at its old home, also in the midst of a request', async () => {
  const lost: string[] = []
  const store = createMemoryStore()
  const moved = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  await using old = await startContainer({
    store,
    onLost: (id) => void lost.push(id),
    handler: async (_request, response, { session }) => {
      arrived.resolve()
      await moved.promise
      await session?.put('state', 'of the old home')
      response.end('overwritten')
    },
  })
  await using successor = await startContainer({
    store,
    handler: async (_request, response, { session }) => {
      await session?.put('state', 'of the successor')
      response.end(`epoch ${session?.epoch}`)
    },
  })
  const id = await old.begin()
  const slow = old.post('{}', { [sessionId]: id })
  await arrived.promise
  assert.equal((await successor.post('{}', { [sessionId]: id, 'limpet-epoch': '1' })).text, 'epoch 1')
  moved.resolve()
  for (const answer of [await slow, await old.post('{}', { [sessionId]: id })]) {
    assert.deepEqual([answer.status, answer.headers.get('limpet-error')], [409, 'LIMPET_REPLICA_STALE_EPOCH'])
  }
  assert.deepEqual(lost, [id])
  // The successor keeps its epoch for a router that has forgotten it; the old home can't come by it.
  assert.equal((await successor.post('{}', { [sessionId]: id })).text, 'epoch 1')
  await old.container.sessions?.sweep()
  assert.equal((await old.post('{}', { [sessionId]: id })).status, 409)
})

test('an epoch that is no number is refused', async () => {
  await using server = await startContainer()
  assert.equal((await server.post('{}', { 'limpet-epoch': 'x' })).status, 400)
})

test('pings are answered with 200, with 503 until the server is ready, and after a hang in time', async () => {
  let ready: () => boolean | Promise<boolean> = () => true
  await using server = await startContainer({ ready: () => ready() })
  const ping = async () => (await fetch(`${server.url}/ping`)).status
  assert.equal(await ping(), 200)
  ready = () => false
  assert.equal(await ping(), 503)
  ready = () => Promise.reject(new Error('no model'))
  assert.equal(await ping(), 503)
  ready = () => new Promise(() => {})
  const startedMs = performance.now()
  assert.equal(await ping(), 503)
  assert.ok(performance.now() - startedMs < 2000)
})

for (const [method, path, status] of [
  ['GET', '/invocations', 405],
  ['POST', '/ping', 405],
  ['POST', '/elsewhere', 404],
] as const) {
  test(`${method} ${path} is answered with ${status}`, async () => {
    await using server = await startContainer()
    assert.equal((await fetch(server.url + path, { method })).status, status)
  })
}

test('a closed container refuses requests and pings with 503', async () => {
  await using server = await startContainer()
  await server.container.close()
  assert.equal((await server.post('{}')).status, 503)
  assert.equal((await fetch(`${server.url}/ping`)).status, 503)
})

test('settings and options that can not be used are refused', async () => {
  for (const options of [
    { limits: { sessions: 0 } },
    { idleMs: -1 },
    { idleMs: 2_000_000 },
    { sweepMs: 0 },
    { settings: { lifeMs: Number.NaN } },
  ]) {
    await assert.rejects(startContainer(options), { code: 'LIMPET_REPLICA_SETTINGS' })
  }
})

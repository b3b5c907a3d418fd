/** Sessions of the Model Context Protocol, as far as a router routes them without sockets. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { contentOf, jsonRpc } from './dialects/mcp/mcp.fixture.ts'
import type { RefusalCode } from './errors.ts'
import { Content } from './http/content.ts'
import { headOf, parseResponse } from './http/heads.fixture.ts'
import type { ResponseHead } from './http/response-head.ts'
import type { Route } from './http/route.ts'
import {
  decisionOf,
  finish,
  replicaOf,
  type SampleRouter,
  sampleRouter,
  slotOfName,
} from './router.fixture.ts'
import { SessionStreams } from './routing/session-streams.ts'
import { LocalRecords } from './session/local-records.ts'
import type { SessionRecord } from './session/session-record.ts'
import { LocalTurns } from './session/turns.ts'

type Headers = Readonly<Record<string, string>>

const json = 'Content-Type: application/json'
const stream = 'Content-Type: text/event-stream'
const initialize = { id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } }
const toolCall = { id: 2, method: 'tools/call', params: { name: 't' } }
const modern = { 'mcp-protocol-version': '2026-07-28' }

let samples: SampleRouter[] = []

beforeEach(() => {
  samples = []
})

/** Whatever happened, nothing is left in flight. */
afterEach(() => {
  for (const { board } of samples)
    for (const name of 'abcdef') assert.equal(board.inFlight(slotOfName(name)), 0, name)
})

function mcpRouter(...[names, service, parts]: Parameters<typeof sampleRouter>): SampleRouter {
  const sample = sampleRouter(names, { dialect: 'mcp', ...service }, parts)
  samples.push(sample)
  return sample
}

const response = (status: number, ...lines: readonly string[]): ResponseHead =>
  parseResponse(headOf(`HTTP/1.1 ${status} X`, ...lines))!

/** Routes a request, with its content where that is wanted. */
function ask(
  sample: SampleRouter,
  method: string,
  headers: Headers = {},
  target = '/mcp',
  message: object = toolCall,
): Route {
  const route = sample.route(headers, target, '127.0.0.1', method)
  if (route.contentWanted === undefined) return route
  // A refusal by the head alone wants it for the id of the request.
  assert.equal(route.undecided, route.refusal === undefined)
  route.contentWanted.take(Buffer.isBuffer(message) ? message : jsonRpc(message))
  return route
}

function post(sample: SampleRouter, message: object, headers: Headers = {}, target = '/mcp'): Route {
  return ask(sample, 'POST', headers, target, message)
}

/** Lets the replica answer, and ends the request. */
function answer(route: Route, head = response(200, json)): Route {
  route.responded(head)
  finish(route)
  return route
}

const told = ({ responseLines }: Route) => /^Mcp-Session-Id: (.*)\r$/m.exec(responseLines)?.[1]

let sessions = 0

/** A session that a client has begun. */
function begin(sample: SampleRouter, headers: Headers = {}) {
  const route = post(sample, initialize, headers)
  assert.equal(route.refusal, undefined)
  const home = replicaOf(route)
  const idAtReplica = `s-${sessions++}`
  answer(route, response(200, json, `Mcp-Session-Id: ${idAtReplica}`))
  return { id: told(route)!, idAtReplica, home, route }
}

const inSession = (id: string, more: Headers = {}): Headers => ({ 'mcp-session-id': id, ...more })

/** What a client is told where its request is refused: nothing that it could not match with what it asked. */
function refused(route: Route): [RefusalCode | undefined, number] {
  const { refusal } = route
  finish(route)
  if (refusal === undefined) return [undefined, 0]
  const details = { accept: '', keepAlive: true, isHead: false, lines: '' }
  const { status, text } = route.writeRefusal(refusal, details)
  if (route.contentWanted !== undefined) assert.match(text, /"id":[123],/)
  return [refusal, status]
}

/** Until it is decided where a request goes. */
async function decided(route: Route): Promise<Route> {
  if (route.undecided) await new Promise<void>((resolve) => route.whenDecided(resolve))
  return route
}

/** What a client gets as content. */
function contentFor({ answerContent }: Route, text: string): string {
  const out = new Content()
  answerContent!.pass(contentOf(text), out)
  const passed = out.text()
  out.clear()
  answerContent!.end(out)
  return passed + out.text()
}

describe('a session of Streamable HTTP', () => {
  test('is placed where there is least to do, and pinned there once its replica has given it an id', () => {
    const sample = mcpRouter('abc')
    const busy = post(sample, toolCall)
    const route = post(sample, initialize)
    assert.notEqual(replicaOf(route), replicaOf(busy))
    assert.equal(sample.pins.live, 0)
    const home = replicaOf(route)
    answer(route, response(200, json, 'Mcp-Session-Id: s'))
    assert.equal(decisionOf(route), 'new')
    assert.deepEqual(route.droppedFields, ['mcp-session-id'])
    assert.deepEqual([sample.pins.live, sample.pins.liveOf(slotOfName(home))], [1, 1])
    finish(busy)
  })

  test('comes home with each request, by the name that its replica has for it', () => {
    const sample = mcpRouter('abc')
    const sessions = Array.from({ length: 12 }, () => begin(sample))
    assert.deepEqual(new Set(sessions.map(({ home }) => home)).size, 3)
    for (const { id, idAtReplica, home } of sessions)
      for (const method of ['POST', 'GET', 'DELETE']) {
        const route = ask(sample, method, inSession(id))
        assert.equal(replicaOf(route), home)
        assert.equal(route.requestLines, `Mcp-Session-Id: ${idAtReplica}\r\n`)
        assert.deepEqual(route.replacedFields, ['mcp-session-id', 'last-event-id', 'accept-encoding'])
        answer(route, response(405))
        assert.equal(decisionOf(route), 'hit')
      }
    assert.equal(sample.pins.live, 12)
  })

  test('comes home by a router that never saw it, which remembers it then', async () => {
    const sessions = Array.from({ length: 6 }, () => begin(mcpRouter('abc')))
    const other = mcpRouter('cab')
    for (const { id, home } of sessions) {
      const route = post(other, toolCall, inSession(id))
      // Its record may be elsewhere, and may know better.
      assert.equal(route.undecided, true)
      answer(await decided(route))
      assert.deepEqual([replicaOf(route), decisionOf(route)], [home, 'hit'])
      const again = answer(post(other, toolCall, inSession(id)))
      assert.equal(replicaOf(again), home)
    }
    assert.equal(other.pins.live, 6)
  })

  test('comes home by a router without memory of it after a long silence', async () => {
    const sample = mcpRouter('abc', { ttl: '5m' })
    const { id, home } = begin(sample)
    sample.clock.wallMs += 400_000
    sample.sweep()
    assert.equal(sample.pins.live, 0)
    assert.equal(replicaOf(answer(await decided(post(sample, toolCall, inSession(id))))), home)
  })

  for (const [what, status, ...lines] of [
    ['refuses to begin it', 400, json, 'Mcp-Session-Id: s'],
    ['has no sessions', 200, json],
    ['gives an id that is none', 200, json, 'Mcp-Session-Id: a b'],
  ] as const) {
    test(`is none where its replica ${what}`, () => {
      const sample = mcpRouter('ab')
      const route = answer(post(sample, initialize), response(status, ...lines))
      assert.deepEqual([told(route), sample.pins.live], [undefined, 0])
    })
  }

  test('begins at another replica where one takes no connection', () => {
    const sample = mcpRouter('ab')
    const route = post(sample, initialize)
    const first = replicaOf(route)
    assert.equal(route.next('refused'), true)
    const home = replicaOf(route)
    assert.notEqual(home, first)
    answer(route, response(200, json, 'Mcp-Session-Id: s'))
    assert.equal(replicaOf(answer(post(sample, toolCall, inSession(told(route)!)))), home)
  })

  test('is refused where none takes one, and leaves nothing behind', () => {
    const sample = mcpRouter('ab')
    const route = post(sample, initialize)
    while (route.next('refused'));
    assert.deepEqual(refused(route), ['LIMPET_NO_REPLICA', 503])
    assert.equal(sample.pins.live, 0)
  })

  test('takes room at its replica from its first request on, and gives it back where nothing comes of it', () => {
    const sample = mcpRouter('ab', { maxSessions: 1 })
    const routes = [post(sample, initialize), post(sample, initialize)]
    assert.deepEqual(refused(post(sample, initialize)), ['LIMPET_SESSIONS_FULL', 503])
    answer(routes[0]!, response(500))
    const { home } = begin(sample)
    assert.equal(home, replicaOf(routes[0]!))
    assert.deepEqual(refused(post(sample, initialize)), ['LIMPET_SESSIONS_FULL', 503])
    finish(routes[1]!, { aborted: true })
    begin(sample)
    assert.equal(sample.pins.live, 2)
  })

  test("is nobody else's: who knows its id but is another gets what an unknown one gets", () => {
    const sample = mcpRouter('ab')
    const token = (sub: string) => ({
      authorization: `Bearer e30.${Buffer.from(JSON.stringify({ iss: 'i', sub })).toString('base64url')}.x`,
    })
    const { id, home } = begin(sample, token('alice'))
    assert.equal(replicaOf(answer(post(sample, toolCall, inSession(id, token('alice'))))), home)
    for (const headers of [token('bob'), {}])
      assert.deepEqual(refused(post(sample, toolCall, inSession(id, headers))), [
        'LIMPET_SESSION_FOREIGN',
        404,
      ])
    assert.deepEqual(refused(post(sample, toolCall, inSession('s-a'))), ['LIMPET_SESSION_UNKNOWN', 404])
  })

  test('ends where its client ends it, and only there', () => {
    const sample = mcpRouter('ab')
    const { id } = begin(sample)
    answer(ask(sample, 'DELETE', inSession(id)), response(405))
    assert.equal(answer(post(sample, toolCall, inSession(id))).refusal, undefined)
    answer(ask(sample, 'DELETE', inSession(id)), response(200))
    for (const method of ['POST', 'GET', 'DELETE'])
      assert.deepEqual(refused(ask(sample, method, inSession(id))), ['LIMPET_SESSION_CLOSED', 404])
    assert.notEqual(begin(sample).id, id)
  })

  test('is no longer what it was where its home forgot it before its client did', () => {
    const sample = mcpRouter('ab')
    const { id } = begin(sample)
    const route = ask(sample, 'DELETE', inSession(id))
    answer(route, response(404, json))
    assert.equal(route.answerContent?.status, 200)
    assert.deepEqual(refused(post(sample, toolCall, inSession(id))), ['LIMPET_SESSION_CLOSED', 404])
  })
})

describe('a session whose replica is not what it was', () => {
  /** What makes of it what it is. */
  const loseHome = {
    drained: ({ board }: SampleRouter, home: string) => board.setMode(slotOfName(home), 'drained'),
    down: ({ board }: SampleRouter, home: string) => board.setHealth(slotOfName(home), 'down'),
    removed: (sample: SampleRouter, home: string) =>
      sample.configure('abc'.replace(home, ''), { dialect: 'mcp' }),
  }

  for (const reason of ['drained', 'down', 'removed'] as const) {
    test(`moves where it is ${reason}, under the name that the new one may know from a store they share`, () => {
      const sample = mcpRouter('abc')
      const { id, idAtReplica, home } = begin(sample)
      loseHome[reason](sample, home)
      const route = post(sample, toolCall, inSession(id))
      const next = replicaOf(route)
      assert.notEqual(next, home)
      assert.equal(route.requestLines, `limpet-epoch: 1\r\nMcp-Session-Id: ${idAtReplica}\r\n`)
      answer(route, response(200, json, `Mcp-Session-Id: ${idAtReplica}`))
      assert.deepEqual([decisionOf(route), told(route)], [`moved; reason=${reason}`, id])
      const again = answer(post(sample, toolCall, inSession(id)))
      assert.deepEqual([replicaOf(again), decisionOf(again)], [next, 'hit'])
      assert.equal(again.requestLines, `limpet-epoch: 1\r\nMcp-Session-Id: ${idAtReplica}\r\n`)
    })

    test(`is left to its end where it is ${reason} and sessions are not to move`, () => {
      const sample = mcpRouter('abc', { onLost: 'reject' })
      const { id, home } = begin(sample)
      if (reason === 'removed')
        sample.configure('abc'.replace(home, ''), { dialect: 'mcp', onLost: 'reject' })
      else loseHome[reason](sample, home)
      const expected = {
        drained: [undefined, 0],
        down: ['LIMPET_SESSION_LOST', 503],
        removed: ['LIMPET_SESSION_GONE', 404],
      }
      assert.deepEqual(refused(post(sample, toolCall, inSession(id))), expected[reason])
    })
  }

  test('stays where it is draining, for new sessions go elsewhere', () => {
    const sample = mcpRouter('abc')
    const { id, home } = begin(sample)
    sample.board.setMode(slotOfName(home), 'draining')
    assert.equal(replicaOf(answer(post(sample, toolCall, inSession(id)))), home)
    for (let count = 0; count < 10; count++) assert.notEqual(begin(sample).home, home)
  })

  test('stays where it has drained and there is no other', () => {
    const sample = mcpRouter('ab')
    const { id, home } = begin(sample)
    for (const name of 'ab') sample.board.setMode(slotOfName(name), 'drained')
    const route = answer(post(sample, toolCall, inSession(id)))
    assert.deepEqual([replicaOf(route), decisionOf(route)], [home, 'hit'])
  })

  test('goes on at the first that takes a connection, once', () => {
    const sample = mcpRouter('abc')
    const { id, home } = begin(sample)
    const route = post(sample, toolCall, inSession(id))
    assert.equal(route.next('refused'), true)
    answer(route)
    assert.equal(decisionOf(route), 'moved; reason=refused')
    assert.notEqual(replicaOf(route), home)
  })
})

describe('a session that its replica does not know', () => {
  const waiting = { head: 'POST /mcp HTTP/1.1\r\n', mayRepeat: true }
  const gone = Buffer.from(
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}',
  )

  test('is gone where nothing is known that it could begin anew with', async () => {
    const { id } = begin(mcpRouter('ab'))
    const other = mcpRouter('ab')
    const route = await decided(post(other, toolCall, inSession(id)))
    assert.equal(route.secondThoughts?.doubts(response(404)), 16_384)
    assert.equal(route.secondThoughts.rejects(response(404), gone, waiting), true)
    assert.equal(route.undecided, true)
    assert.deepEqual(refused(await decided(route)), ['LIMPET_SESSION_GONE', 404])
  })

  test('is gone where none is to be begun anew', () => {
    const sample = mcpRouter('ab', { mcp: { recover: 'reject' } })
    const { id } = begin(sample)
    const route = post(sample, toolCall, inSession(id))
    assert.equal(route.secondThoughts!.rejects(response(404), gone, waiting), true)
    assert.deepEqual(refused(route), ['LIMPET_SESSION_GONE', 404])
  })

  test('is not meant by an answer that speaks of something else', () => {
    const sample = mcpRouter('ab')
    const { id } = begin(sample)
    const route = post(sample, toolCall, inSession(id))
    const head = response(400)
    assert.equal(route.secondThoughts!.rejects(head, Buffer.from('Bad Request'), waiting), false)
    answer(route, head)
    assert.equal(decisionOf(route), 'hit')
  })

  test('is where another of its requests has begun it meanwhile', async () => {
    const records = new LocalRecords()
    const sample = mcpRouter('abc', {}, { records })
    const { id, home } = begin(sample)
    const route = post(sample, toolCall, inSession(id))
    const { pins, clock } = sample
    const hash = sample.hashOf(id)
    const next = home === 'a' ? 'b' : 'a'
    await records.move(hash, { replica: slotOfName(next), epoch: 1, idAtReplica: 'new' })
    pins.move(hash, slotOfName(home), slotOfName(next), clock.wallMs, 60_000, 0)
    assert.equal(route.secondThoughts!.rejects(response(404), gone, waiting), true)
    await decided(route)
    assert.deepEqual(
      [replicaOf(route), route.requestLines],
      [next, 'limpet-epoch: 1\r\nMcp-Session-Id: new\r\n'],
    )
    answer(route)
    assert.equal(decisionOf(route), 'moved; reason=unknown-session')
    assert.equal(pins.live, 1)
  })

  test('is not sent to again where its request can not be repeated', async () => {
    const records = new LocalRecords()
    const sample = mcpRouter('ab', {}, { records })
    const { id, home } = begin(sample)
    const route = post(sample, toolCall, inSession(id))
    const next = home === 'a' ? 'b' : 'a'
    await records.move(sample.hashOf(id), { replica: slotOfName(next), epoch: 1, idAtReplica: 'new' })
    sample.pins.move(sample.hashOf(id), slotOfName(home), slotOfName(next), sample.clock.wallMs, 60_000, 0)
    route.secondThoughts!.rejects(response(404), gone, { ...waiting, mayRepeat: false })
    assert.deepEqual(refused(await decided(route)), ['LIMPET_SESSION_MOVED', 503])
  })

  test('leaves nothing in flight where its client does not wait for it', async () => {
    const sample = mcpRouter('ab', {}, { turns: new LocalTurns() })
    const { id } = begin(mcpRouter('ab'))
    const route = await decided(post(sample, toolCall, inSession(id)))
    route.secondThoughts!.rejects(response(404), gone, waiting)
    finish(route, { aborted: true })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(route.refusal, undefined)
  })

  test('is begun by one of its requests at a time: the others wait, and the line is empty after', async () => {
    const turns = new LocalTurns()
    const sample = mcpRouter('ab', {}, { turns })
    const { id } = begin(mcpRouter('ab'))
    const routes = [1, 2, 3].map(() => post(sample, toolCall, inSession(id)))
    await Promise.all(routes.map(decided))
    for (const route of routes) route.secondThoughts!.rejects(response(404), gone, waiting)
    assert.equal(turns.size, 1)
    for (const route of routes) assert.deepEqual(refused(await decided(route)), ['LIMPET_SESSION_GONE', 404])
    assert.equal(turns.size, 0)
  })
})

describe('a session that was begun anew', () => {
  /** A session that lives on at `next` as `new`, and what the router can read of it. */
  async function moved(read: (record: SessionRecord | undefined) => Promise<SessionRecord | undefined>) {
    const records = new LocalRecords()
    const kept = records.read.bind(records)
    records.read = async (...asked) => read(await kept(...asked))
    const sample = mcpRouter('ab', {}, { records })
    const { id, home, idAtReplica } = begin(sample)
    const next = home === 'a' ? 'b' : 'a'
    await records.move(sample.hashOf(id), { replica: slotOfName(next), epoch: 1, idAtReplica: 'new' })
    sample.pins.move(sample.hashOf(id), slotOfName(home), slotOfName(next), sample.clock.wallMs, 60_000, 0)
    return { sample, id, home, next, idAtReplica }
  }

  test('comes home by the name that it has there', async () => {
    const { sample, id, next } = await moved(async (record) => record)
    for (let time = 0; time < 2; time++) {
      const route = await decided(post(sample, toolCall, inSession(id)))
      assert.deepEqual(
        [replicaOf(route), route.requestLines],
        [next, 'limpet-epoch: 1\r\nMcp-Session-Id: new\r\n'],
      )
      answer(route)
    }
  })

  test('does so again as soon as its record can be read, however often it could not', async () => {
    let isThere = false
    const { sample, id, idAtReplica } = await moved(async (record) => (isThere ? record : undefined))
    const first = await decided(post(sample, toolCall, inSession(id)))
    assert.match(first.requestLines, new RegExp(`Mcp-Session-Id: ${idAtReplica}`))
    finish(first)
    isThere = true
    const second = await decided(post(sample, toolCall, inSession(id)))
    assert.match(second.requestLines, /Mcp-Session-Id: new/)
    finish(second)
  })

  test('does so where its pin is gone: its record tells where it lives, not what its client has', async () => {
    const { sample, id, next } = await moved(async (record) => record)
    sample.pins.remove(sample.hashOf(id))
    for (let time = 0; time < 2; time++) {
      const route = answer(await decided(post(sample, toolCall, inSession(id))))
      assert.deepEqual(
        [replicaOf(route), decisionOf(route), route.requestLines],
        [next, 'hit', 'limpet-epoch: 1\r\nMcp-Session-Id: new\r\n'],
      )
    }
  })

  test('leaves nothing in flight where its client does not wait', async () => {
    const { sample, id } = await moved(async (record) => record)
    const route = post(sample, toolCall, inSession(id))
    assert.equal(route.undecided, true)
    finish(route, { aborted: true })
    await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('a session of HTTP+SSE', () => {
  /** The path that the stream's client is to post to. */
  function open(sample: SampleRouter) {
    const route = ask(sample, 'GET', { accept: 'text/event-stream' }, '/sse')
    route.responded(response(200, stream))
    const path = /data: (.*)/.exec(
      contentFor(route, `event: endpoint\ndata: /messages?sessionId=s-${sessions++}\n\n`),
    )![1]!
    return { route, path, home: replicaOf(route) }
  }

  test('gets what is posted to its stream to the replica that has it, on any router', () => {
    const sample = mcpRouter('abc')
    const other = mcpRouter('abc')
    const opened = Array.from({ length: 6 }, () => open(sample))
    assert.equal(new Set(opened.map(({ home }) => home)).size, 3)
    for (const { path, home } of opened)
      for (const router of [sample, other]) {
        const route = answer(post(router, toolCall, {}, path), response(202))
        assert.deepEqual([replicaOf(route), decisionOf(route)], [home, 'hit'])
        assert.match(route.targetForReplica!, /^\/messages\?sessionId=s-\d+$/)
      }
    for (const { route } of opened) finish(route)
  })

  for (const [what, lose, refusal] of [
    [
      'is removed',
      (sample, home) => sample.configure('abc'.replace(home, ''), { dialect: 'mcp' }),
      ['LIMPET_SESSION_GONE', 404],
    ],
    ['is down', ({ board }, home) => board.setHealth(slotOfName(home), 'down'), ['LIMPET_SESSION_GONE', 404]],
    [
      'has drained: its streams are there still',
      ({ board }, home) => board.setMode(slotOfName(home), 'drained'),
      [undefined, 0],
    ],
  ] as [string, (sample: SampleRouter, home: string) => void, unknown[]][]) {
    test(`ends with its replica, and with nothing else, where that ${what}`, () => {
      const sample = mcpRouter('abc')
      const { route, path, home } = open(sample)
      finish(route)
      lose(sample, home)
      assert.deepEqual(refused(post(sample, toolCall, {}, path)), refusal)
    })
  }

  test('is gone where its replica takes no connection', () => {
    const sample = mcpRouter('abc')
    const { route, path } = open(sample)
    finish(route)
    const request = post(sample, toolCall, {}, path)
    assert.equal(request.next('refused'), false)
    assert.deepEqual(refused(request), ['LIMPET_SESSION_GONE', 404])
  })

  test('is not that of a path that was made up', () => {
    const sample = mcpRouter('ab')
    const { route, path } = open(sample)
    finish(route)
    const forged = path.slice(0, -1) + (path.endsWith('0') ? '1' : '0')
    assert.deepEqual(refused(post(sample, toolCall, {}, '/messages?sessionId=s')), [
      'LIMPET_SESSION_UNKNOWN',
      404,
    ])
    assert.deepEqual(refused(post(sample, toolCall, {}, forged)), ['LIMPET_SESSION_FORGED', 404])
  })
})

describe('a request of the revisions without sessions', () => {
  const calling: Headers = { ...modern, 'mcp-method': 'tools/call' }
  const getting = (name: string): Headers => ({ ...modern, 'mcp-method': 'tasks/get', 'mcp-name': name })

  /** A result that a replica gave, and what its client got of it. */
  function resultOf(sample: SampleRouter, result: object, headers = calling) {
    const route = post(sample, toolCall, headers)
    route.responded(response(200, json))
    const home = replicaOf(route)
    const text = contentFor(route, jsonRpc({ id: 2, result }).toString('latin1'))
    finish(route)
    return { home, result: JSON.parse(text).result }
  }

  test('is balanced, and leaves nothing behind', () => {
    const sample = mcpRouter('abc')
    const routes = Array.from({ length: 6 }, () => post(sample, toolCall, calling))
    assert.equal(new Set(routes.map(replicaOf)).size, 3)
    for (const route of routes) assert.equal(decisionOf(answer(route)), 'none')
    assert.equal(sample.pins.live, 0)
  })

  test('about a task goes to the replica that has it, from the answer on that told of it', () => {
    const sample = mcpRouter('abc')
    const tasks = Array.from(
      { length: 9 },
      (_, at) => resultOf(sample, { resultType: 'task', taskId: `t-${at}` }).home,
    )
    assert.ok(new Set(tasks).size > 1)
    assert.equal(sample.pins.live, 9)
    for (const [at, home] of tasks.entries()) {
      const route = answer(
        post(sample, { id: 1, method: 'tasks/get', params: { taskId: `t-${at}` } }, getting(`t-${at}`)),
      )
      assert.deepEqual([replicaOf(route), decisionOf(route)], [home, 'hit'])
    }
  })

  test('about a task that nobody told of is balanced, and leaves no pin', () => {
    const sample = mcpRouter('abc')
    for (let at = 0; at < 20; at++)
      assert.equal(decisionOf(answer(post(sample, toolCall, getting(`t-${at}`)))), 'none')
    assert.equal(sample.pins.live, 0)
  })

  test("about another principal's task is balanced as if there were none", () => {
    const sample = mcpRouter('a')
    resultOf(sample, { taskId: 't' }, { ...calling, authorization: 'Bearer x' })
    assert.equal(decisionOf(answer(post(sample, toolCall, getting('t')))), 'none')
    assert.equal(
      decisionOf(answer(post(sample, toolCall, { ...getting('t'), authorization: 'Bearer y' }))),
      'hit',
    )
  })

  /** A retry that brings a state. */
  const retry = (requestState: string) =>
    jsonRpc({ id: 3, method: 'tools/call', params: { name: 't', requestState } })

  test('that brings a state goes to the replica that gave it, on any router, and leaves no pin', () => {
    const sample = mcpRouter('abc')
    const other = mcpRouter('abc')
    for (let time = 0; time < 9; time++) {
      const { home, result } = resultOf(sample, { requestState: `state-${time}` })
      for (const router of [sample, other]) {
        const content = retry(result.requestState)
        const route = answer(post(router, content, calling))
        assert.deepEqual([replicaOf(route), decisionOf(route)], [home, 'hit'])
        assert.equal(JSON.parse(content.toString()).params.requestState, `state-${time}`)
      }
    }
    assert.deepEqual([sample.pins.live, other.pins.live], [0, 0])
  })

  test('that brings a state of a replica that is gone goes to another, or is refused where that is not wanted', () => {
    for (const onLost of ['rehome', 'reject'] as const) {
      const sample = mcpRouter('ab', { onLost })
      const { home, result } = resultOf(sample, { requestState: 's' })
      sample.configure('ab'.replace(home, ''), { dialect: 'mcp', onLost })
      const route = post(sample, retry(result.requestState), calling)
      if (onLost === 'rehome') assert.equal(decisionOf(answer(route)), 'moved; reason=removed')
      else assert.deepEqual(refused(route), ['LIMPET_SESSION_LOST', 503])
      assert.equal(sample.pins.live, 0)
    }
  })

  test('that brings a state waits for no other that brings another, where sessions go one at a time', () => {
    const sample = mcpRouter('ab', { serialize: true })
    const states = ['s', 't'].map((state) => resultOf(sample, { requestState: state }).result.requestState)
    const routes = states.map((state) => post(sample, retry(state), calling))
    assert.deepEqual(
      routes.map(({ undecided }) => undecided),
      [false, false],
    )
    const same = post(sample, retry(states[0]), calling)
    assert.equal(same.undecided, true)
    answer(routes[0]!)
    assert.equal(same.undecided, false)
    for (const route of [routes[1]!, same]) answer(route)
  })
})

describe('a stream of a session', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }))
  afterEach(() => mock.timers.reset())

  /** The stream of a session, open. */
  function open(parts: Parameters<typeof sampleRouter>[2] = {}) {
    const sample = mcpRouter('ab', {}, parts)
    const { id, home } = begin(sample)
    const route = ask(sample, 'GET', inSession(id, { accept: 'text/event-stream' }))
    route.responded(response(200, stream))
    const moves: string[] = []
    route.secondThoughts!.begins(() => moves.push('moved'))
    return { sample, id, home, route, moves }
  }

  test('is opened anew where it breaks off, at once and then after pauses, and given up in the end', () => {
    const { sample, home, route } = open()
    const decisions: string[] = []
    for (const pauseMs of [0, 100, 500, 1000, 2000, 4000]) {
      assert.equal(route.secondThoughts!.reopens(), true)
      route.whenDecided(() => decisions.push(replicaOf(route)))
      assert.deepEqual([route.undecided, sample.board.inFlight(slotOfName(home))], [true, 0])
      if (pauseMs > 0) mock.timers.tick(pauseMs - 1)
      assert.equal(route.undecided, true)
      mock.timers.tick(1)
      assert.deepEqual([route.undecided, sample.board.inFlight(slotOfName(home))], [false, 1])
    }
    assert.equal(route.secondThoughts!.reopens(), false)
    assert.equal(decisions.length, 6)
    finish(route)
  })

  /** Breaks the stream off, and opens it anew; false: it is given up. */
  function reopen({ route }: ReturnType<typeof open>): boolean {
    if (!route.secondThoughts!.reopens()) return false
    mock.timers.tick(10_000)
    assert.equal(route.secondThoughts!.continues(response(200, stream)), true)
    route.responded(response(200, stream))
    return true
  }

  test('is given up where each one breaks off as soon as it is open', () => {
    const opened = open()
    for (let time = 0; time < 6; time++) assert.equal(reopen(opened), true)
    assert.equal(reopen(opened), false)
    finish(opened.route)
  })

  test('is opened anew for ever where each one is open for a while', () => {
    const opened = open()
    for (let time = 0; time < 50; time++) {
      assert.equal(reopen(opened), true)
      opened.sample.clock.wallMs += 10_000
    }
    finish(opened.route)
  })

  test('is not opened anew for a client that has left', () => {
    const { route, sample } = open()
    route.secondThoughts!.reopens()
    finish(route, { aborted: true })
    mock.timers.tick(10_000)
    assert.equal(sample.board.inFlight(slotOfName('a')) + sample.board.inFlight(slotOfName('b')), 0)
  })

  test('goes on with a stream, and with nothing else', () => {
    const { route } = open()
    assert.equal(route.secondThoughts!.continues(response(405, json)), false)
    assert.equal(route.secondThoughts!.continues(response(200, stream)), true)
    finish(route)
  })

  test('leaves a replica that has drained when its session has nothing else to do', () => {
    const streams = new SessionStreams()
    const { sample, id, home, route, moves } = open({ streams })
    const call = post(sample, toolCall, inSession(id))
    sample.board.setMode(slotOfName(home), 'drained')
    mock.timers.tick(500)
    assert.deepEqual([streams.size, moves.length], [1, 0])
    answer(call)
    mock.timers.tick(500)
    assert.equal(moves.length, 1)
    finish(route)
    assert.equal(streams.size, 0)
  })

  test('follows its session', () => {
    const { sample, id, home, route, moves } = open()
    sample.board.setHealth(slotOfName(home), 'down')
    mock.timers.tick(500)
    assert.equal(moves.length, 0)
    answer(post(sample, toolCall, inSession(id)))
    mock.timers.tick(500)
    assert.equal(moves.length, 1)
    finish(route)
  })
})

test('a source of sessions that fails is told of, and takes no thread along', () => {
  const sample = mcpRouter('ab', {
    session: () => {
      throw new Error('no')
    },
  })
  assert.deepEqual(refused(post(sample, toolCall)), ['LIMPET_SESSION_SOURCE_FAILED', 500])
  assert.equal(sample.sourceErrors.length, 1)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusalCodes } from './errors.ts'
import type { ResponseHead } from './http/response-head.ts'
import {
  decisionOf,
  finish,
  replicaOf,
  type SampleRouter,
  sampleRouter,
  slotOfName,
} from './router.fixture.ts'

const responseHead = {} as ResponseHead
const named = { 'x-session-id': 'one' }

/** A refusal's place among the counters. */
const indexOf = (code: (typeof refusalCodes)[number]) => refusalCodes.indexOf(code)

describe('the way of a request', () => {
  test('leads a session home once it is placed', () => {
    const { answer } = sampleRouter('abc')
    const first = answer(named)
    assert.equal(decisionOf(first), 'new')
    for (let time = 0; time < 5; time++) {
      const next = answer(named)
      assert.deepEqual([replicaOf(next), decisionOf(next)], [replicaOf(first), 'hit'])
    }
  })

  test('without a session goes by the balance and leaves no pin', () => {
    const { answer, pins } = sampleRouter('abc', { balance: 'round-robin' })
    const homes = Array.from({ length: 6 }, () => replicaOf(answer()))
    assert.deepEqual(homes.toSorted(), ['a', 'a', 'b', 'b', 'c', 'c'])
    assert.equal(pins.live, 0)
  })

  test('counts as under way from the choice of a replica to the end, on the one that has it', () => {
    const { route, board } = sampleRouter('ab')
    const request = route(named)
    const first = slotOfName(replicaOf(request))
    assert.equal(board.inFlight(first), 1)
    assert.equal(request.next('refused'), true)
    const second = slotOfName(replicaOf(request))
    assert.notEqual(second, first)
    assert.deepEqual([board.inFlight(first), board.inFlight(second)], [0, 1])
    finish(request)
    assert.equal(board.inFlight(second), 0)
    const lost = route(named)
    while (lost.next('refused'));
    finish(lost)
    assert.deepEqual([board.inFlight(first), board.inFlight(second)], [0, 0])
  })

  test('of a moved session is told apart, and its pin moves with the first answer, not before', () => {
    const { route, answer, counters } = sampleRouter('abc')
    const home = replicaOf(answer(named))
    const lost = route(named)
    assert.equal(lost.next('refused'), true)
    finish(lost, { refusal: 'LIMPET_REPLICA_RESET' })
    // Nobody answered, so the session is still at home, which may be back by now.
    assert.deepEqual([replicaOf(answer(named)), counters.service(0).moves[3]], [home, 0])
    const moved = route(named)
    assert.equal(moved.next('refused'), true)
    moved.responded(responseHead)
    finish(moved, { retries: 1 })
    assert.equal(decisionOf(moved), 'moved; reason=refused')
    const next = answer(named)
    assert.deepEqual([replicaOf(next), decisionOf(next)], [replicaOf(moved), 'hit'])
    assert.deepEqual([counters.service(0).moves[3], counters.service(0).retries], [1, 1])
  })

  test('of a session whose replica is down, ejected or removed leads to another', () => {
    for (const reason of ['down', 'ejected', 'removed'] as const) {
      const { answer, board, configure } = sampleRouter('abc')
      const home = replicaOf(answer(named))
      const slot = slotOfName(home)
      const rule = { failures: 1, backoffMs: 60_000, maxBackoffMs: 60_000 }
      if (reason === 'down') board.setHealth(slot, 'down')
      else if (reason === 'ejected') board.connectFailed(slot, rule, Date.now())
      else configure('abc'.replace(home, ''))
      const moved = answer(named)
      assert.notEqual(replicaOf(moved), home)
      assert.equal(decisionOf(moved), `moved; reason=${reason}`)
      assert.equal(decisionOf(answer(named)), 'hit')
    }
  })

  test('of two that find their replica gone at once moves the session once, to one home', () => {
    const { route, answer, board, counters } = sampleRouter('abcd')
    board.setHealth(slotOfName(replicaOf(answer(named))), 'down')
    const one = route(named)
    const other = route(named)
    one.responded(responseHead)
    other.responded(responseHead)
    finish(one)
    finish(other)
    assert.equal(replicaOf(one), replicaOf(other))
    assert.deepEqual([decisionOf(one), decisionOf(other)], ['moved; reason=down', 'hit'])
    assert.equal(
      counters.service(0).moves.reduce((sum, count) => sum + count),
      1,
    )
  })

  test('of a session that another thread places at the same moment leads to where that put it', () => {
    const { answer, board, pins } = sampleRouter('abc')
    const first = replicaOf(answer(named))
    board.setHealth(slotOfName(first), 'down')
    const home = replicaOf(answer(named))
    board.setHealth(slotOfName(first), 'up')
    // What this thread saw a moment ago: no pin.
    const find = pins.find.bind(pins)
    pins.find = () => {
      pins.find = find
      return false
    }
    const late = answer(named)
    assert.deepEqual(
      [replicaOf(late), decisionOf(late), late.requestLines],
      [home, 'hit', 'limpet-epoch: 1\r\n'],
    )
  })

  test('of many that find their replica gone at once leads all to one home, however busy that gets', () => {
    const { route, answer, board } = sampleRouter('abcd')
    board.setHealth(slotOfName(replicaOf(answer(named))), 'down')
    const lost = Array.from({ length: 100 }, () => route(named))
    assert.equal(new Set(lost.map(replicaOf)).size, 1)
    for (const request of lost) request.next('refused')
    assert.equal(new Set(lost.map(replicaOf)).size, 1)
  })

  test('tells the replica the epoch of a session that lived elsewhere', () => {
    const { route, answer, board } = sampleRouter('abc')
    const home = replicaOf(answer(named))
    assert.equal(answer(named).requestLines, '')
    board.setHealth(slotOfName(home), 'down')
    assert.equal(answer(named).requestLines, 'limpet-epoch: 1\r\n')
    const second = route(named)
    assert.equal(second.requestLines, 'limpet-epoch: 1\r\n')
    board.setHealth(slotOfName(replicaOf(second)), 'down')
    assert.equal(answer(named).requestLines, 'limpet-epoch: 2\r\n')
  })

  test('tries four replicas at most, each once', () => {
    const { route } = sampleRouter('abcdef')
    const request = route(named)
    const tried = [replicaOf(request)]
    while (request.next('refused')) tried.push(replicaOf(request))
    assert.equal(tried.length, 4)
    assert.equal(new Set(tried).size, 4)
    assert.equal(request.refusal, 'LIMPET_NO_REPLICA')
  })

  test('says when it was time that ran out', () => {
    const { route } = sampleRouter('a')
    const request = route(named)
    assert.equal(request.next('connect-timeout'), false)
    assert.equal(request.refusal, 'LIMPET_CONNECT_TIMEOUT')
  })

  test('that no replica ever took leaves no pin behind', () => {
    const { route, pins } = sampleRouter('ab', { onLost: 'reject' })
    const request = route(named)
    assert.equal(pins.live, 1)
    while (request.next('refused'));
    finish(request)
    assert.equal(pins.live, 0)
  })

  test('leaves the pin alone that another request of the session has moved meanwhile', () => {
    const { route, answer, board, pins } = sampleRouter('abcde')
    const unlucky = route(named)
    board.setHealth(slotOfName(replicaOf(unlucky)), 'down')
    const home = replicaOf(answer(named))
    while (unlucky.next('refused'));
    finish(unlucky)
    assert.equal(pins.live, 1)
    assert.equal(replicaOf(answer(named)), home)
  })
})

describe('a replica that is ejected', () => {
  const rule = { failures: 1, backoffMs: 60_000, maxBackoffMs: 60_000 }
  const eject = ({ board }: SampleRouter, names: string) => {
    for (const name of names) board.connectFailed(slotOfName(name), rule, Date.now())
  }
  const others = (names: string, name: string) => names.replace(name, '')
  /** Requests without a session, and those that begin one. */
  const newcomers = [{}, ...Array.from({ length: 9 }, (_, at) => ({ 'x-session-id': `${at}` })), {}]

  test('gets nothing new while there are others', () => {
    const sample = sampleRouter('abc')
    eject(sample, 'a')
    for (const headers of newcomers) assert.notEqual(replicaOf(sample.answer(headers)), 'a')
  })

  test('gets what is new where it is the only one', () => {
    const sample = sampleRouter('a')
    for (const headers of newcomers) {
      eject(sample, 'a')
      const route = sample.answer(headers)
      assert.deepEqual(
        [replicaOf(route), decisionOf(route)],
        ['a', headers === newcomers[0] || headers === newcomers.at(-1) ? 'none' : 'new'],
      )
    }
  })

  test('gets what is new where the others are down or drain, and these do not', () => {
    const sample = sampleRouter('abc')
    sample.board.setHealth(slotOfName('a'), 'down')
    sample.board.setMode(slotOfName('b'), 'draining')
    for (const headers of newcomers) {
      eject(sample, 'c')
      assert.equal(replicaOf(sample.answer(headers)), 'c')
    }
    sample.board.setHealth(slotOfName('c'), 'down')
    for (const headers of newcomers) {
      const route = sample.route({ ...headers, 'x-session-id': 'another' })
      assert.equal(route.refusal, 'LIMPET_NO_REPLICA')
      finish(route)
    }
  })

  test('is the last that a request is tried on', () => {
    const sample = sampleRouter('abc')
    eject(sample, 'a')
    for (const headers of newcomers) {
      const route = sample.route(headers)
      const tried = [replicaOf(route)]
      while (route.next('refused')) tried.push(replicaOf(route))
      assert.equal(route.refusal, 'LIMPET_NO_REPLICA')
      finish(route)
      assert.deepEqual([tried.length, tried.at(-1)], [3, 'a'])
      for (const name of 'bc') sample.board.connected(slotOfName(name))
    }
  })

  test('gets no more sessions than it may have', () => {
    const sample = sampleRouter('a', { maxSessions: 1 })
    eject(sample, 'a')
    const [first, second] = [1, 2].map((at) => sample.route({ 'x-session-id': `${at}` }))
    assert.deepEqual([first!.refusal, second!.refusal], [undefined, 'LIMPET_SESSIONS_FULL'])
    for (const route of [first!, second!]) finish(route)
  })

  for (const [what, prepare] of [
    ['there is no other', () => undefined],
    [
      'the others are down',
      ({ board }, home) => {
        for (const name of others('abc', home)) board.setHealth(slotOfName(name), 'down')
      },
    ],
    ['the others are ejected, too', (sample, home) => eject(sample, others('abc', home))],
  ] as [string, (sample: SampleRouter, home: string) => void][]) {
    for (const unusable of ['ejected', 'drained'] as const)
      test(`keeps its sessions where ${what}, as one does that has ${unusable}`, () => {
        const sample = sampleRouter(what === 'there is no other' ? 'a' : 'abc')
        for (const headers of newcomers.slice(1, -1)) {
          const home = replicaOf(sample.answer(headers))
          prepare(sample, home)
          if (unusable === 'ejected') eject(sample, home)
          else sample.board.setMode(slotOfName(home), 'drained')
          const route = sample.answer(headers)
          assert.deepEqual([replicaOf(route), decisionOf(route), route.requestLines], [home, 'hit', ''])
          sample.board.setMode(slotOfName(home), 'ready')
          for (const name of 'abc') {
            sample.board.setHealth(slotOfName(name), 'up')
            sample.board.connected(slotOfName(name))
          }
        }
      })
  }

  test('loses its sessions to one that is not', () => {
    for (const left of 'abc') {
      const sample = sampleRouter('abc')
      const home = replicaOf(sample.answer(named))
      if (home === left) continue
      eject(sample, others('abc', left))
      const route = sample.answer(named)
      assert.deepEqual([replicaOf(route), decisionOf(route)], [left, 'moved; reason=ejected'])
    }
  })

  test('has lost them where they are not to move', () => {
    const sample = sampleRouter('a', { onLost: 'reject' })
    sample.answer(named)
    eject(sample, 'a')
    const route = sample.route(named)
    assert.equal(route.refusal, 'LIMPET_SESSION_LOST')
    finish(route)
  })
})

describe('on-lost: reject', () => {
  test('refuses the session while its replica is down, and serves it when that is back', () => {
    const { route, answer, board, counters } = sampleRouter('abc', { onLost: 'reject' })
    const home = replicaOf(answer(named))
    board.setHealth(slotOfName(home), 'down')
    const refused = route(named)
    assert.equal(refused.refusal, 'LIMPET_SESSION_LOST')
    finish(refused, { status: 503 })
    assert.equal(counters.refusals(indexOf('LIMPET_SESSION_LOST')), 1)
    board.setHealth(slotOfName(home), 'up')
    const back = answer(named)
    assert.deepEqual([replicaOf(back), decisionOf(back)], [home, 'hit'])
  })

  test('refuses it when the replica takes no connection; a new session is tried elsewhere', () => {
    const { route, answer } = sampleRouter('abc', { onLost: 'reject' })
    answer(named)
    const lost = route(named)
    assert.equal(lost.next('refused'), false)
    assert.equal(lost.refusal, 'LIMPET_SESSION_LOST')
    const fresh = route({ 'x-session-id': 'two' })
    assert.equal(fresh.next('refused'), true)
    fresh.responded(responseHead)
    finish(fresh)
    assert.equal(decisionOf(fresh), 'new')
    const next = answer({ 'x-session-id': 'two' })
    assert.deepEqual([replicaOf(next), decisionOf(next)], [replicaOf(fresh), 'hit'])
  })
})

describe('a new config', () => {
  test('keeps the connections to replicas that stay, and moves no session', () => {
    const { answer, configure } = sampleRouter('abc')
    const before = answer(named)
    configure('abcd', { ttl: '1h' })
    const after = answer(named)
    assert.equal(after.pool, before.pool)
    assert.equal(decisionOf(after), 'hit')
  })

  test('goes on with the turns of round-robin', () => {
    const { answer, configure } = sampleRouter('abc', { balance: 'round-robin' })
    const homes: string[] = []
    for (let request = 0; request < 6; request++) {
      homes.push(replicaOf(answer()))
      configure('abc', { ttl: `${request + 1}m` })
    }
    assert.deepEqual(homes, ['a', 'b', 'c', 'a', 'b', 'c'])
  })

  test('gives up the connections to those that go', () => {
    const { answer, configure } = sampleRouter('ab')
    const { pool } = answer(named)
    const { address } = pool
    const config = { idleMs: 4000, maxIdle: 256 }
    assert.equal(pool.serves(address, config), true)
    configure('ab'.replace(replicaOf(answer(named)), ''))
    assert.equal(pool.serves(address, config), false)
  })
})

describe('a request', () => {
  test('is refused where no service is for it', () => {
    const { route, counters } = sampleRouter('a', { match: { path: '/app' } })
    const request = route({}, '/other')
    assert.equal(request.refusal, 'LIMPET_NO_SERVICE')
    finish(request, { status: 404, refusal: 'LIMPET_NO_SERVICE' })
    assert.equal(counters.refusals(indexOf('LIMPET_NO_SERVICE')), 1)
  })

  test('whose session function throws is refused, counted and told, and nothing else is', () => {
    const error = new Error('user')
    const { route, answer, counters, sourceErrors } = sampleRouter('a', {
      session: (head) => {
        if (head.header('x-fail') !== undefined) throw error
        return 'x'
      },
    })
    const failed = route({ 'x-fail': '1' })
    assert.equal(failed.refusal, 'LIMPET_SESSION_SOURCE_FAILED')
    finish(failed, { status: 500 })
    assert.deepEqual([counters.service(0).sourceErrors, sourceErrors], [1, [error]])
    assert.equal(decisionOf(answer()), 'new')
  })

  test("names its session by the client's address only as a trusted proxy tells it", () => {
    const { route, pins } = sampleRouter('abc', { session: 'ip' })
    const from = (peer: string, client: string) => finish(route({ 'x-forwarded-for': client }, '/', peer))
    from('1.1.1.1', '2.2.2.2')
    from('1.1.1.1', '3.3.3.3')
    assert.equal(pins.live, 1)
    from('10.0.0.1', '1.1.1.1')
    assert.equal(pins.live, 1)
    from('10.0.0.1', '2.2.2.2')
    assert.equal(pins.live, 2)
  })

  test("has the replica's own Host where the service wants it, on each attempt", () => {
    const { route } = sampleRouter('ab', { host: 'replica' })
    const request = route(named)
    assert.equal(request.replacesHost, true)
    assert.equal(request.requestLines, `Host: 127.0.0.1:${request.pool.address.port}\r\n`)
    request.next('refused')
    assert.equal(request.requestLines, `Host: 127.0.0.1:${request.pool.address.port}\r\n`)
  })

  test('is told nothing where the service does not want it', () => {
    const { answer } = sampleRouter('a', { decisionHeader: false })
    assert.equal(answer(named).responseLines, '')
  })

  test('with a cookie of a home that is gone gets a new cookie, and the old one leads to the new home', () => {
    const { answer, board } = sampleRouter('abc', { dialect: 'cookie' })
    const cookieOf = (lines: string) => ({ cookie: /Set-Cookie: ([^;]+)/.exec(lines)![1]! })
    const first = answer()
    assert.equal(first.replacesCacheControl, true)
    const held = cookieOf(first.responseLines)
    board.setHealth(slotOfName(replicaOf(first)), 'down')
    const moved = answer(held)
    assert.equal(decisionOf(moved), 'moved; reason=down')
    const next = answer(cookieOf(moved.responseLines))
    assert.deepEqual(
      [replicaOf(next), decisionOf(next), next.replacesCacheControl],
      [replicaOf(moved), 'hit', false],
    )
    // A second tab, whose request was on its way with the old cookie.
    board.setHealth(slotOfName(replicaOf(first)), 'up')
    const late = answer(held)
    assert.deepEqual([replicaOf(late), decisionOf(late)], [replicaOf(moved), 'hit'])
    assert.match(late.responseLines, /^Set-Cookie: /)
  })
})

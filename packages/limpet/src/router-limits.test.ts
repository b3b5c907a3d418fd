/** What a service may limit: sessions for each replica, and requests of one session at a time. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { type RefusalCode, refusalCodes } from './errors.ts'
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

const responseHead = {} as ResponseHead
const named = (session: string) => ({ 'x-session-id': session })

/** Lets a route's replica answer, and ends it. */
function answerBy(route: Route): void {
  route.responded(responseHead)
  finish(route)
}

/** Places sessions, and tells where each lives. */
function place({ answer }: SampleRouter, sessions: readonly string[]): string[] {
  return sessions.map((session) => replicaOf(answer(named(session))))
}

function sessionsOf({ pins }: SampleRouter, names: string): number[] {
  return [...names].map((name) => pins.liveOf(slotOfName(name)))
}

/** Refuses one session's request and tells how. */
function refusalOf({ route }: SampleRouter, session: string): RefusalCode | undefined {
  const request = route(named(session))
  const { refusal } = request
  finish(request)
  return refusal
}

describe('maxSessions', () => {
  test('has sessions placed elsewhere when their replica has no room, and refused when none has', () => {
    const sample = sampleRouter('abc', { maxSessions: 2 })
    place(sample, ['1', '2', '3', '4', '5', '6'])
    assert.deepEqual(sessionsOf(sample, 'abc'), [2, 2, 2])
    assert.equal(refusalOf(sample, '7'), 'LIMPET_SESSIONS_FULL')
    assert.equal(sample.counters.refusals(refusalCodes.indexOf('LIMPET_SESSIONS_FULL')), 1)
    assert.deepEqual(sessionsOf(sample, 'abc'), [2, 2, 2])
  })

  test('leaves the sessions that live there at home, and requests without a session alone', () => {
    const sample = sampleRouter('ab', { maxSessions: 1 })
    const homes = place(sample, ['1', '2'])
    assert.equal(refusalOf(sample, '3'), 'LIMPET_SESSIONS_FULL')
    for (let time = 0; time < 3; time++) assert.deepEqual(place(sample, ['1', '2']), homes)
    const request = sample.answer()
    assert.deepEqual([request.refusal, decisionOf(request)], [undefined, 'none'])
  })

  test('has room again once a session has expired', () => {
    const sample = sampleRouter('a', { maxSessions: 1, ttl: '5m' })
    place(sample, ['1'])
    sample.clock.wallMs += 299_000
    sample.sweep()
    assert.equal(refusalOf(sample, '2'), 'LIMPET_SESSIONS_FULL')
    sample.clock.wallMs += 2000
    sample.sweep()
    assert.deepEqual(place(sample, ['2']), ['a'])
    assert.equal(refusalOf(sample, '1'), 'LIMPET_SESSIONS_FULL')
  })

  for (const [what, end] of [
    ['forgotten', ({ pins, hashOf }) => pins.remove(hashOf('1'))],
    ['closed', ({ pins, hashOf, clock: { wallMs } }) => pins.close(hashOf('1'), wallMs, wallMs + 60_000)],
  ] as [string, (sample: SampleRouter) => boolean][]) {
    test(`has room again once a session is ${what}`, () => {
      const sample = sampleRouter('a', { maxSessions: 1 })
      place(sample, ['1'])
      assert.equal(refusalOf(sample, '2'), 'LIMPET_SESSIONS_FULL')
      assert.equal(end(sample), true)
      assert.deepEqual(place(sample, ['2']), ['a'])
      assert.deepEqual(sessionsOf(sample, 'a'), [1])
    })
  }

  test('has room again where no replica ever got the session', () => {
    const sample = sampleRouter('ab', { maxSessions: 1 })
    const request = sample.route(named('1'))
    while (request.next('refused'));
    finish(request)
    assert.deepEqual(sessionsOf(sample, 'ab'), [0, 0])
  })

  test('holds for sessions that lose their replica', () => {
    const sample = sampleRouter('ab', { maxSessions: 1 })
    const [home, other] = place(sample, ['1', '2']) as [string, string]
    sample.board.setHealth(slotOfName(home), 'down')
    assert.equal(refusalOf(sample, '1'), 'LIMPET_SESSIONS_FULL')
    sample.pins.remove(sample.hashOf('2'))
    assert.deepEqual(place(sample, ['1']), [other])
    assert.deepEqual(sessionsOf(sample, home + other), [0, 1])
  })

  test('holds for sessions that move at the same moment, each of them by several requests', () => {
    const sample = sampleRouter('ab', { maxSessions: 4 })
    const names = Array.from({ length: 8 }, (_, at) => `${at}`)
    const homes = place(sample, names)
    const lost = names.filter((_, at) => homes[at] === 'a')
    assert.equal(lost.length, 4)
    sample.pins.remove(sample.hashOf(names.find((_, at) => homes[at] === 'b')!))
    sample.board.setHealth(slotOfName('a'), 'down')
    const requests = [...lost, ...lost].map((name) => sample.route(named(name)))
    const taken = requests.filter(({ refusal }) => refusal === undefined)
    assert.equal(taken.length, 2)
    for (const route of requests) if (route.refusal === undefined) answerBy(route)
    for (const route of requests) if (route.refusal !== undefined) finish(route)
    assert.deepEqual(sessionsOf(sample, 'b'), [4])
    assert.equal(sample.pins.live, 7)
  })

  test('holds for new sessions whose first choice takes no connection', () => {
    const sample = sampleRouter('ab', { maxSessions: 2, ejection: 'off' })
    const requests = Array.from({ length: 4 }, (_, at) => sample.route(named(`${at}`)))
    const answers = requests.map((route) => {
      if (replicaOf(route) !== 'a' || route.next('refused')) answerBy(route)
      else finish(route)
      return route.refusal
    })
    assert.deepEqual(answers.sort(), ['LIMPET_SESSIONS_FULL', 'LIMPET_SESSIONS_FULL', undefined, undefined])
    assert.deepEqual(sessionsOf(sample, 'ab'), [0, 2])
  })

  test('is not what a request is refused for where no replica is there, whether full or not', () => {
    const sample = sampleRouter('ab', { maxSessions: 1 })
    place(sample, ['1', '2'])
    for (const name of 'ab') sample.board.setHealth(slotOfName(name), 'down')
    assert.equal(refusalOf(sample, '3'), 'LIMPET_NO_REPLICA')
    sample.board.setHealth(slotOfName('b'), 'unready')
    assert.equal(refusalOf(sample, '3'), 'LIMPET_NOT_READY')
    sample.board.setHealth(slotOfName('a'), 'up')
    assert.equal(refusalOf(sample, '3'), 'LIMPET_SESSIONS_FULL')
  })

  test('may be raised by a new config', () => {
    const sample = sampleRouter('a', { maxSessions: 1 })
    place(sample, ['1'])
    assert.equal(refusalOf(sample, '2'), 'LIMPET_SESSIONS_FULL')
    sample.configure('a', { maxSessions: 2 })
    assert.deepEqual(place(sample, ['1', '2']), ['a', 'a'])
  })
})

describe('serialize', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  /** The request of a session, and what became of its waiting. */
  function ask({ route }: SampleRouter, session: string): { request: Route; decided: boolean } {
    const asked = { request: route(named(session)), decided: false }
    asked.request.whenDecided(() => {
      asked.decided = true
    })
    return asked
  }

  test('lets the requests of a session go one at a time, in the order in which they came', () => {
    const sample = sampleRouter('abc', { serialize: true })
    const [first, second, third] = [ask(sample, '1'), ask(sample, '1'), ask(sample, '1')]
    assert.deepEqual(
      [first, second, third].map(({ request }) => request.undecided),
      [false, true, true],
    )
    const home = replicaOf(first.request)
    assert.equal(sample.board.inFlight(slotOfName(home)), 1)
    answerBy(first.request)
    assert.deepEqual([second.decided, second.request.undecided], [true, false])
    assert.deepEqual([third.decided, third.request.undecided], [false, true])
    assert.deepEqual([replicaOf(second.request), sample.board.inFlight(slotOfName(home))], [home, 1])
    answerBy(second.request)
    assert.equal(third.decided, true)
    answerBy(third.request)
    assert.deepEqual(
      [second, third].map(({ request }) => decisionOf(request)),
      ['hit', 'hit'],
    )
    assert.equal(sample.board.inFlight(slotOfName(home)), 0)
    const next = ask(sample, '1')
    assert.equal(next.request.undecided, false)
    finish(next.request)
  })

  test('holds up neither other sessions nor requests that have none', () => {
    const sample = sampleRouter('abc', { serialize: true })
    const mine = ask(sample, 'mine')
    const theirs = ask(sample, 'theirs')
    const nobodys = [sample.route(), sample.route()]
    for (const request of [theirs.request, ...nobodys]) {
      assert.deepEqual([request.undecided, request.refusal], [false, undefined])
      answerBy(request)
    }
    answerBy(mine.request)
  })

  test('is off by default', () => {
    const { route } = sampleRouter('abc')
    const requests = [route(named('1')), route(named('1'))]
    assert.deepEqual(
      requests.map(({ undecided }) => undecided),
      [false, false],
    )
    for (const request of requests) finish(request)
  })

  test('passes on the place of a client that leaves, waiting or not', () => {
    const sample = sampleRouter('abc', { serialize: true })
    const [first, left, last] = [ask(sample, '1'), ask(sample, '1'), ask(sample, '1')]
    finish(left.request, { aborted: true })
    assert.equal(last.decided, false)
    finish(first.request, { aborted: true })
    assert.deepEqual([left.decided, last.decided], [false, true])
    answerBy(last.request)
    assert.deepEqual(
      [...'abc'].map((name) => sample.board.inFlight(slotOfName(name))),
      [0, 0, 0],
    )
  })

  test('finds the home of a request when its turn comes, not when it came', () => {
    const sample = sampleRouter('abc', { serialize: true })
    const first = ask(sample, '1')
    const home = replicaOf(first.request)
    const second = ask(sample, '1')
    first.request.responded(responseHead)
    sample.board.setHealth(slotOfName(home), 'down')
    finish(first.request)
    assert.equal(second.decided, true)
    assert.notEqual(replicaOf(second.request), home)
    answerBy(second.request)
    assert.equal(decisionOf(second.request), 'moved; reason=down')
  })

  test('lets the next go where a session can not be served', () => {
    const sample = sampleRouter('a', { serialize: true, onLost: 'reject' })
    const [first, second, third] = [ask(sample, '1'), ask(sample, '1'), ask(sample, '1')]
    sample.board.setHealth(slotOfName('a'), 'down')
    finish(first.request)
    assert.equal(second.request.refusal, 'LIMPET_SESSION_LOST')
    assert.equal(third.decided, false)
    finish(second.request)
    assert.equal(third.request.refusal, 'LIMPET_SESSION_LOST')
    finish(third.request)
  })

  test('refuses what would wait behind a hundred others', () => {
    const sample = sampleRouter('a', { serialize: true })
    const waiting = Array.from({ length: 101 }, () => ask(sample, '1'))
    const tooMany = sample.route(named('1'))
    assert.deepEqual([tooMany.undecided, tooMany.refusal], [false, 'LIMPET_SESSION_BUSY'])
    finish(tooMany)
    for (const { request } of waiting) answerBy(request)
    assert.ok(waiting.slice(1).every(({ decided }) => decided))
    assert.equal(sample.board.inFlight(slotOfName('a')), 0)
  })

  test('refuses what has waited for a minute', () => {
    const sample = sampleRouter('a', { serialize: true })
    const [first, late] = [ask(sample, '1'), ask(sample, '1')]
    mock.timers.tick(59_999)
    assert.equal(late.decided, false)
    mock.timers.tick(1)
    assert.deepEqual([late.decided, late.request.refusal], [true, 'LIMPET_SESSION_BUSY'])
    finish(late.request)
    finish(first.request)
  })
})

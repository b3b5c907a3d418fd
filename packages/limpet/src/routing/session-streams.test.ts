import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { SessionStreams } from './session-streams.ts'

const EVERY_MS = 500

describe('the open streams of sessions', () => {
  let streams: SessionStreams
  let moved: string[]
  let why: Map<string, 'elsewhere' | 'drained'>

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
    streams = new SessionStreams()
    moved = []
    why = new Map()
  })

  afterEach(() => {
    streams.stop()
    mock.timers.reset()
  })

  /** A stream of this session, which has moved for good once it was told to. */
  const open = (session: string) =>
    streams.open({
      session,
      whyMove: () => why.get(session),
      move: () => {
        moved.push(session)
        why.delete(session)
      },
    })

  const round = () => mock.timers.tick(EVERY_MS)

  test('stay where they are as long as their sessions do', () => {
    open('a')
    for (let count = 0; count < 10; count++) round()
    assert.deepEqual(moved, [])
  })

  test('follow their sessions at once, busy or not, all of them', () => {
    for (let at = 0; at < 100; at++) {
      open(`${at}`)
      why.set(`${at}`, 'elsewhere')
      streams.work(`${at}`)
    }
    round()
    assert.equal(moved.length, 100)
    round()
    assert.equal(moved.length, 100)
  })

  test('leave a replica that has drained a few at a time', () => {
    for (let at = 0; at < 200; at++) {
      open(`${at}`)
      why.set(`${at}`, 'drained')
    }
    const counts: number[] = []
    for (let rounds = 0; moved.length < 200 && rounds < 100; rounds++) {
      const before = moved.length
      round()
      counts.push(moved.length - before)
    }
    assert.equal(counts[0], 10)
    assert.ok(counts.every((count) => count <= 10 && count > 0))
    assert.equal(new Set(moved).size, 200)
  })

  test('leave it four at a time at least', () => {
    for (const session of 'abcdef') {
      open(session)
      why.set(session, 'drained')
    }
    round()
    assert.deepEqual(moved, ['a', 'b', 'c', 'd'])
    round()
    assert.deepEqual(moved, ['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('leave it when nothing else of their sessions is under way', () => {
    open('busy')
    open('idle')
    const ends = [streams.work('busy'), streams.work('busy')]
    why.set('busy', 'drained').set('idle', 'drained')
    round()
    assert.deepEqual(moved, ['idle'])
    ends[0]!()
    round()
    assert.deepEqual(moved, ['idle'])
    ends[1]!()
    round()
    assert.deepEqual(moved, ['idle', 'busy'])
  })

  test('are forgotten when they are over, and no timer runs for none', () => {
    const closes = ['a', 'b'].map((session) => open(session))
    assert.equal(streams.size, 2)
    why.set('a', 'elsewhere').set('b', 'elsewhere')
    closes[0]!()
    round()
    assert.deepEqual([moved, streams.size], [['b'], 1])
    closes[1]!()
    assert.equal(streams.size, 0)
    why.set('c', 'elsewhere')
    open('c')
    round()
    assert.deepEqual(moved, ['b', 'c'])
  })

  test('may end while they are told to move', () => {
    const closes: (() => void)[] = []
    for (const session of ['a', 'b'])
      closes.push(
        streams.open({
          session,
          whyMove: () => 'elsewhere',
          move: () => {
            moved.push(session)
            for (const close of closes) close()
          },
        }),
      )
    round()
    round()
    assert.equal(streams.size, 0)
    assert.ok(moved.length <= 2)
  })

  test('are looked after no more once the thread stops', () => {
    open('a')
    why.set('a', 'elsewhere')
    streams.stop()
    round()
    assert.deepEqual(moved, [])
  })
})

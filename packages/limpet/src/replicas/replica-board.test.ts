import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBoardMemory, ReplicaBoard } from './replica-board.ts'

const rule = { failures: 3, backoffMs: 1000, maxBackoffMs: 5000 }
const SLOT = 7

function boards(count: number): ReplicaBoard[] {
  const memory = createBoardMemory(count)
  return Array.from({ length: count }, (_, thread) => new ReplicaBoard(memory, thread))
}

function failAt(board: ReplicaBoard, ...timesMs: number[]): boolean[] {
  return timesMs.map((ms) => board.connectFailed(SLOT, rule, ms))
}

describe('the board of replicas', () => {
  test('shows every thread what one of them did', () => {
    const [one, other] = boards(2) as [ReplicaBoard, ReplicaBoard]
    assert.equal(one.whyUnusable(SLOT), 'removed')
    one.add(SLOT, 'ready')
    assert.equal(other.takesNew(SLOT), true)
    assert.equal(other.whyUnusable(SLOT), undefined)
    one.setHealth(SLOT, 'down')
    assert.deepEqual([other.takesNew(SLOT), other.whyUnusable(SLOT)], [false, 'down'])
    one.setHealth(SLOT, 'up')
    assert.equal(other.takesNew(SLOT), true)
    one.remove(SLOT)
    assert.deepEqual(
      [other.takesNew(SLOT), other.whyUnusable(SLOT), other.mode(SLOT)],
      [false, 'removed', undefined],
    )
  })

  for (const health of ['down', 'unready'] as const) {
    test(`gives nothing to a replica that is ${health}, and tells every thread which of the two it is`, () => {
      const [one, other] = boards(2) as [ReplicaBoard, ReplicaBoard]
      one.add(SLOT, 'ready')
      assert.deepEqual([other.health(SLOT), other.isDown(SLOT)], ['up', false])
      one.setHealth(SLOT, health)
      assert.deepEqual([other.health(SLOT), other.isDown(SLOT)], [health, true])
      // To its sessions both are the same: nothing is served there.
      assert.deepEqual([other.takesNew(SLOT), other.whyUnusable(SLOT)], [false, 'down'])
      assert.equal(other.health(SLOT + 1), 'up')
      other.setHealth(SLOT, 'up')
      assert.deepEqual([one.health(SLOT), one.takesNew(SLOT)], ['up', true])
    })

    test(`takes a replica for healthy that comes to the slot of one that was ${health}`, () => {
      const [board] = boards(1) as [ReplicaBoard]
      board.add(SLOT, 'ready')
      board.setHealth(SLOT, health)
      board.remove(SLOT)
      assert.equal(board.whyUnusable(SLOT), 'removed')
      board.add(SLOT, 'ready')
      assert.deepEqual([board.health(SLOT), board.takesNew(SLOT)], ['up', true])
    })
  }

  test('lets only a passed check end an ejection', () => {
    const [board] = boards(1) as [ReplicaBoard]
    board.add(SLOT, 'ready')
    failAt(board, 0, 0, 0)
    for (const health of ['unready', 'down'] as const) {
      board.setHealth(SLOT, health)
      assert.equal(board.isEjected(SLOT), true)
    }
    board.setHealth(SLOT, 'up')
    assert.equal(board.isEjected(SLOT), false)
  })

  test('gives a draining replica nothing new, and leaves it its sessions', () => {
    const [board] = boards(1) as [ReplicaBoard]
    board.add(SLOT, 'draining')
    assert.deepEqual([board.takesNew(SLOT), board.whyUnusable(SLOT)], [false, undefined])
    board.setMode(SLOT, 'ready')
    assert.equal(board.takesNew(SLOT), true)
  })

  test('ejects after failures in a row, for a time that doubles up to the longest', () => {
    const [board] = boards(1) as [ReplicaBoard]
    board.add(SLOT, 'ready')
    assert.deepEqual(failAt(board, 0, 0, 0), [false, false, true])
    board.nowMs = 999
    assert.deepEqual([board.isEjected(SLOT), board.whyUnusable(SLOT)], [true, 'ejected'])
    board.nowMs = 1000
    assert.deepEqual([board.isEjected(SLOT), board.takesNew(SLOT)], [false, true])
    let nowMs = 1000
    for (const backoffMs of [2000, 4000, 5000, 5000]) {
      assert.deepEqual(failAt(board, nowMs, nowMs), [true, false])
      board.nowMs = nowMs + backoffMs - 1
      assert.equal(board.isEjected(SLOT), true)
      nowMs += backoffMs
      board.nowMs = nowMs
      assert.equal(board.isEjected(SLOT), false)
    }
  })

  test('forgets failures at a connection, and an ejection at a passed check', () => {
    const [board] = boards(1) as [ReplicaBoard]
    board.add(SLOT, 'ready')
    failAt(board, 0, 0)
    board.connected(SLOT)
    assert.deepEqual(failAt(board, 0, 0, 0), [false, false, true])
    board.nowMs = 1
    board.setHealth(SLOT, 'up')
    assert.equal(board.isEjected(SLOT), false)
    assert.deepEqual(failAt(board, 1, 1, 1), [false, false, true])
    board.nowMs = 1000
    assert.equal(board.isEjected(SLOT), true)
    board.nowMs = 1001
    assert.equal(board.isEjected(SLOT), false)
  })

  test('never ejects where that is off, nor a replica that takes the slot after', () => {
    const [board] = boards(1) as [ReplicaBoard]
    board.add(SLOT, 'ready')
    for (let time = 0; time < 10; time++) assert.equal(board.connectFailed(SLOT, undefined, 0), false)
    failAt(board, 0, 0, 0)
    board.add(SLOT, 'ready')
    assert.equal(board.takesNew(SLOT), true)
  })

  test('adds up what threads have in flight, and takes back what one had that died', () => {
    const [one, other] = boards(2) as [ReplicaBoard, ReplicaBoard]
    for (let time = 0; time < 3; time++) one.begin(SLOT)
    other.begin(SLOT)
    other.begin(SLOT + 1)
    assert.equal(other.inFlight(SLOT), 4)
    one.end(SLOT)
    assert.equal(other.inFlight(SLOT), 3)
    other.forgetThread(0)
    assert.deepEqual([one.inFlight(SLOT), one.inFlight(SLOT + 1)], [1, 1])
    other.forgetThread(0)
    assert.equal(one.inFlight(SLOT), 1)
  })
})

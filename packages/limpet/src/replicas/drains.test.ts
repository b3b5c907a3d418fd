import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Drains } from './drains.ts'
import { createBoardMemory, ReplicaBoard } from './replica-board.ts'

describe('a replica that drains', () => {
  let board: ReplicaBoard
  let drains: Drains
  let nowMs: number

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    nowMs = 5000
    mock.method(performance, 'now', () => nowMs)
    board = new ReplicaBoard(createBoardMemory(1), 0)
    for (const slot of [1, 2]) board.add(slot, 'ready')
    drains = new Drains(board)
  })

  afterEach(() => {
    mock.timers.reset()
    mock.restoreAll()
  })

  function pass(ms: number): void {
    nowMs += ms
    mock.timers.tick(ms)
  }

  test('is drained when it has had its time, and no other is', () => {
    drains.begin(1, 1000)
    assert.deepEqual([board.mode(1), board.mode(2)], ['draining', 'ready'])
    pass(999)
    assert.equal(board.mode(1), 'draining')
    pass(1)
    assert.deepEqual([board.mode(1), board.mode(2)], ['drained', 'ready'])
  })

  test('has all the time there is where none is set', () => {
    drains.begin(1, 0)
    pass(1_000_000_000)
    assert.equal(board.mode(1), 'draining')
  })

  test('has its time from when it began, however often the config is loaded anew', () => {
    drains.begin(1, 1000)
    for (let load = 0; load < 9; load++) {
      pass(100)
      drains.begin(1, 1000)
    }
    assert.equal(board.mode(1), 'draining')
    pass(100)
    assert.equal(board.mode(1), 'drained')
    drains.begin(1, 1000)
    assert.equal(board.mode(1), 'drained')
  })

  test('may be given more time or less by a new config', () => {
    drains.begin(1, 1000)
    pass(500)
    drains.begin(1, 2000)
    pass(1400)
    assert.equal(board.mode(1), 'draining')
    drains.begin(1, 1900)
    assert.equal(board.mode(1), 'drained')
    drains.begin(1, 2000)
    assert.equal(board.mode(1), 'draining')
    pass(100)
    assert.equal(board.mode(1), 'drained')
    drains.begin(1, 0)
    assert.equal(board.mode(1), 'draining')
    pass(1_000_000)
    assert.equal(board.mode(1), 'draining')
  })

  test('takes sessions again where it no longer drains, and has its whole time if it does once more', () => {
    drains.begin(1, 1000)
    pass(900)
    drains.end(1)
    pass(1000)
    assert.equal(board.mode(1), 'ready')
    drains.begin(1, 1000)
    pass(999)
    assert.equal(board.mode(1), 'draining')
    pass(1)
    assert.equal(board.mode(1), 'drained')
    drains.end(2)
    assert.equal(board.mode(2), 'ready')
  })

  test('is not put back on the board when it is no replica any more', () => {
    drains.begin(1, 1000)
    drains.forget(1)
    board.remove(1)
    pass(1000)
    assert.equal(board.mode(1), undefined)
    board.add(1, 'ready')
    pass(100_000)
    assert.equal(board.mode(1), 'ready')
  })

  test('is left as it is when all ends', () => {
    for (const slot of [1, 2]) drains.begin(slot, 1000)
    drains.stop()
    pass(1000)
    assert.deepEqual([board.mode(1), board.mode(2)], ['draining', 'draining'])
  })
})

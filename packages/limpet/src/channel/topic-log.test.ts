import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { beginning, comparePositions, Positions, TopicLog } from './topic-log.ts'

const limits = { messages: 3, bytes: 10, ageMs: 1000 }

function logOf(...texts: string[]): TopicLog {
  const log = new TopicLog(limits)
  for (const [at, text] of texts.entries()) log.append(`${at + 1}-0`, `id${at}`, text, at)
  return log
}

const textsOf = (log: TopicLog, after = beginning) => log.read(after, 100).entries.map(([, , , text]) => text)

describe('the messages of a topic', () => {
  test('each name the one before', () => {
    assert.deepEqual(logOf('a', 'b').read(beginning, 100).entries, [
      ['1-0', '0-0', 'id0', 'a'],
      ['2-0', '1-0', 'id1', 'b'],
    ])
  })

  test('are read behind a position, some at a time', () => {
    const log = logOf('a', 'b', 'c')
    assert.deepEqual(textsOf(log, '1-0'), ['b', 'c'])
    assert.deepEqual(textsOf(log, '1-5'), ['b', 'c'])
    assert.deepEqual(textsOf(log, '3-0'), [])
    assert.equal(log.read(beginning, 2).more, true)
    assert.equal(log.read('1-0', 2).more, false)
  })

  test('are as many as there may be, the youngest', () => {
    const log = logOf(...'abcdefghijklm')
    assert.deepEqual(textsOf(log), ['k', 'l', 'm'])
    assert.deepEqual([log.size, log.bytes, log.last], [3, 3, '13-0'])
  })

  test('are as many bytes as there may be, and none where one is too long alone', () => {
    assert.deepEqual(textsOf(logOf('aaaa', 'ööö', 'bbbb')), ['ööö', 'bbbb'])
    const log = logOf('a', 'b'.repeat(11))
    assert.deepEqual([textsOf(log), log.bytes, log.last], [[], 0, '2-0'])
    assert.equal(log.append('3-0', 'id', 'c', 3)[1], '2-0')
  })

  test('are as young as they must be, and the last position stays', () => {
    const log = logOf('a', 'bb')
    assert.equal(log.expire(1000), 0)
    assert.equal(log.expire(1001), 1)
    assert.equal(log.expire(5000), 2)
    assert.deepEqual([textsOf(log), log.bytes, log.last], [[], 0, '2-0'])
  })
})

describe('positions', () => {
  test('grow, whatever the clock does', () => {
    const positions = new Positions()
    const given = [5, 5, 4, 6, 6].map((ms) => positions.next(ms))
    assert.deepEqual(given, ['5-0', '5-1', '5-2', '6-0', '6-1'])
    for (const [at, position] of given.slice(1).entries())
      assert.ok(comparePositions(given[at]!, position) < 0)
    assert.ok(comparePositions('9-10', '10-0') < 0)
    assert.equal(comparePositions('1-1', '1-1'), 0)
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { LocalTurns } from './turns.ts'

const one = Uint32Array.of(1, 2, 3, 4)
const other = Uint32Array.of(1, 2, 3, 5)

describe('turns in the memory of a thread', () => {
  let turns: LocalTurns
  let told: string[]

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    turns = new LocalTurns()
    told = []
  })

  afterEach(() => mock.timers.reset())

  const take = (name: string, key = one) => turns.take(key, (granted) => told.push(`${name} ${granted}`))

  test('come at once to the first, and then to the others in the order in which they came', () => {
    const places = ['a', 'b', 'c'].map((name) => take(name))
    assert.deepEqual(told, ['a true'])
    places[0]!.leave()
    assert.deepEqual(told, ['a true', 'b true'])
    places[1]!.leave()
    assert.deepEqual(told, ['a true', 'b true', 'c true'])
    places[2]!.leave()
    assert.equal(turns.size, 0)
    take('d').leave()
    assert.equal(told.at(-1), 'd true')
  })

  test('of one session are not waited for by another, however alike their keys are', () => {
    const mine = take('mine')
    const theirs = take('theirs', other)
    assert.deepEqual(told, ['mine true', 'theirs true'])
    assert.equal(turns.size, 2)
    mine.leave()
    theirs.leave()
    assert.equal(turns.size, 0)
  })

  test('are known by a key that may change as soon as it was taken', () => {
    const key = one.slice()
    const first = take('first', key)
    key.fill(9)
    const second = take('second')
    assert.deepEqual(told, ['first true'])
    first.leave()
    assert.deepEqual(told, ['first true', 'second true'])
    second.leave()
  })

  test('pass over whoever has left while waiting, and end once', () => {
    const first = take('first')
    const left = take('left')
    const last = take('last')
    left.leave()
    first.leave()
    assert.deepEqual(told, ['first true', 'last true'])
    // What comes after the first call changes nothing: the turn is the last one's now.
    first.leave()
    left.leave()
    const next = take('next')
    assert.deepEqual(told, ['first true', 'last true'])
    last.leave()
    last.leave()
    assert.deepEqual(told, ['first true', 'last true', 'next true'])
    assert.equal(turns.size, 1)
    next.leave()
    assert.equal(turns.size, 0)
  })

  test('come to a waiting one that leaves in the very moment, and from it to the next', () => {
    const first = take('first')
    const hasty = turns.take(one, () => hasty.leave())
    const last = take('last')
    first.leave()
    assert.deepEqual(told, ['first true', 'last true'])
    last.leave()
    assert.equal(turns.size, 0)
  })

  test('are refused at once where a hundred wait, until one of them is through', () => {
    const first = take('first')
    const waiting = Array.from({ length: 100 }, (_, place) => take(`${place}`))
    take('too many').leave()
    assert.deepEqual(told, ['first true', 'too many false'])
    first.leave()
    assert.equal(told.at(-1), '0 true')
    const another = take('another')
    assert.equal(told.at(-1), '0 true')
    for (const place of waiting) place.leave()
    assert.equal(told.at(-1), 'another true')
    another.leave()
    assert.equal(turns.size, 0)
  })

  test('are refused to whoever has waited too long, and leave the others in line', () => {
    const first = take('first')
    const late = take('late')
    mock.timers.tick(30_000)
    const last = take('last')
    mock.timers.tick(29_999)
    assert.deepEqual(told, ['first true'])
    mock.timers.tick(1)
    assert.deepEqual(told, ['first true', 'late false'])
    late.leave()
    assert.deepEqual(told, ['first true', 'late false'])
    first.leave()
    assert.deepEqual(told, ['first true', 'late false', 'last true'])
    // Whose turn it is waits no more, and may take as long as it likes.
    mock.timers.tick(600_000)
    assert.equal(told.length, 3)
    last.leave()
    assert.equal(turns.size, 0)
  })

  test('say nothing more to whoever has left', () => {
    const first = take('first')
    take('left').leave()
    mock.timers.tick(600_000)
    first.leave()
    assert.deepEqual(told, ['first true'])
    assert.equal(turns.size, 0)
  })

  test('may be waited for as long as their maker says', () => {
    turns = new LocalTurns(50)
    const first = take('first')
    take('late')
    mock.timers.tick(50)
    assert.deepEqual(told, ['first true', 'late false'])
    first.leave()
    assert.equal(turns.size, 0)
  })
})

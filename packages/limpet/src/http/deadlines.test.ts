import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines, type Timed } from './deadlines.ts'

const NEVER = Number.POSITIVE_INFINITY
const tickMs = 100

/** Something timed that keeps count of how often it was due. */
interface Counted extends Timed {
  due: number
}

function counted(deadlineMs: number, onDue: () => void = () => {}): Counted {
  return {
    deadlineMs,
    timedIndex: -1,
    due: 0,
    onDeadline() {
      this.due++
      onDue()
    },
  }
}

test('what is due is told once, within a tick, and what is not stays untold', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const past = counted(performance.now() - 1)
  const later = counted(performance.now() + 3_600_000)
  const never = counted(NEVER)
  for (const item of [past, later, never]) deadlines.add(item)
  t.mock.timers.tick(tickMs - 1)
  assert.equal(past.due, 0)
  t.mock.timers.tick(1)
  assert.equal(past.due, 1)
  assert.equal(past.deadlineMs, NEVER)
  t.mock.timers.tick(20 * tickMs)
  assert.deepEqual([past.due, later.due, never.due], [1, 0, 0])
  deadlines.stop()
})

test('a deadline is moved by writing it, and may be set anew from the callback', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const item = counted(NEVER, () => {
    if (item.due === 1) item.deadlineMs = 0
  })
  deadlines.add(item)
  t.mock.timers.tick(tickMs)
  assert.equal(item.due, 0)
  item.deadlineMs = 0
  t.mock.timers.tick(tickMs)
  assert.equal(item.due, 1)
  t.mock.timers.tick(tickMs)
  assert.equal(item.due, 2)
  deadlines.stop()
})

test('what was removed is never told, wherever it stood', (t) => {
  for (const place of [0, 1, 2]) {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const deadlines = new Deadlines()
    const items = [counted(0), counted(0), counted(0)]
    for (const item of items) deadlines.add(item)
    deadlines.remove(items[place]!)
    deadlines.remove(items[place]!)
    t.mock.timers.tick(tickMs)
    assert.deepEqual(
      items.map(({ due }) => due),
      [0, 1, 2].map((index) => (index === place ? 0 : 1)),
    )
    deadlines.stop()
    t.mock.timers.reset()
  }
})

test('an item that took the place of a removed one can itself be removed', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const [first, second, third] = [counted(0), counted(0), counted(0)]
  for (const item of [first, second, third]) deadlines.add(item)
  deadlines.remove(first)
  deadlines.remove(third)
  t.mock.timers.tick(tickMs)
  assert.deepEqual([first.due, second.due, third.due], [0, 1, 0])
  deadlines.stop()
})

test('items that remove themselves and others while they are told miss nobody', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const items: Counted[] = []
  for (let index = 0; index < 50; index++) {
    const item = counted(0, () => {
      deadlines.remove(item)
      if (index % 5 === 0) deadlines.remove(items[index - 1] ?? item)
    })
    items.push(item)
    deadlines.add(item)
  }
  t.mock.timers.tick(tickMs)
  // Told from the last to the first: those that a later one removed had not been reached yet.
  assert.deepEqual(
    items.map(({ due }) => due),
    items.map((_, index) => (index % 5 === 4 && index !== 49 ? 0 : 1)),
  )
  deadlines.stop()
})

test('an item added from a callback is told at the next tick', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const second = counted(0)
  deadlines.add(counted(0, () => deadlines.add(second)))
  t.mock.timers.tick(tickMs)
  assert.equal(second.due, 0)
  t.mock.timers.tick(tickMs)
  assert.equal(second.due, 1)
  deadlines.stop()
})

test('no timer runs while nothing is timed, and one starts again with the next item', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const [first, second] = [counted(0), counted(0)]
  deadlines.add(first)
  deadlines.remove(first)
  t.mock.timers.tick(tickMs)
  assert.equal(first.due, 0)
  deadlines.add(second)
  t.mock.timers.tick(tickMs)
  assert.equal(second.due, 1)
  deadlines.stop()
})

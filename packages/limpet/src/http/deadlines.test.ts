import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines, type Timed } from './deadlines.ts'

const NEVER = Number.POSITIVE_INFINITY
const tickMs = 100

/** Something timed that keeps count of how often it was due. */
interface Counted extends Timed {
  due: number
}

function counted(onDue: () => void = () => {}): Counted {
  return {
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
  const [past, later, never] = [counted(), counted(), counted()]
  deadlines.add(past, performance.now() - 1)
  deadlines.add(later, performance.now() + 3_600_000)
  deadlines.add(never, NEVER)
  t.mock.timers.tick(tickMs - 1)
  assert.equal(past.due, 0)
  t.mock.timers.tick(1)
  assert.equal(past.due, 1)
  assert.equal(deadlines.of(past), NEVER)
  t.mock.timers.tick(20 * tickMs)
  assert.deepEqual([past.due, later.due, never.due], [1, 0, 0])
  deadlines.stop()
})

test('a deadline is moved by writing it, and may be set anew from the callback', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const item = counted(() => {
    if (item.due === 1) deadlines.set(item, 0)
  })
  deadlines.add(item, NEVER)
  t.mock.timers.tick(tickMs)
  assert.equal(item.due, 0)
  deadlines.set(item, 0)
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
    const items = [counted(), counted(), counted()]
    for (const item of items) deadlines.add(item, 0)
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
  const [first, second, third] = [counted(), counted(), counted()]
  for (const item of [first, second, third]) deadlines.add(item, 0)
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
    const item = counted(() => {
      deadlines.remove(item)
      if (index % 5 === 0) deadlines.remove(items[index - 1] ?? item)
    })
    items.push(item)
    deadlines.add(item, 0)
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
  const second = counted()
  deadlines.add(
    counted(() => deadlines.add(second, 0)),
    0,
  )
  t.mock.timers.tick(tickMs)
  assert.equal(second.due, 0)
  t.mock.timers.tick(tickMs)
  assert.equal(second.due, 1)
  deadlines.stop()
})

test('no timer runs while nothing is timed, and one starts again with the next item', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const [first, second] = [counted(), counted()]
  deadlines.add(first, 0)
  deadlines.remove(first)
  t.mock.timers.tick(tickMs)
  assert.equal(first.due, 0)
  deadlines.add(second, 0)
  t.mock.timers.tick(tickMs)
  assert.equal(second.due, 1)
  deadlines.stop()
})

test('a removed item has no deadline, and setting one does nothing to the others', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const [gone, kept] = [counted(), counted()]
  for (const item of [gone, kept]) deadlines.add(item, NEVER)
  deadlines.remove(gone)
  deadlines.set(gone, 0)
  assert.equal(deadlines.of(gone), NEVER)
  t.mock.timers.tick(tickMs)
  assert.deepEqual([gone.due, kept.due], [0, 0])
  deadlines.stop()
})

test('a deadline follows its item when another is removed, among more than there was room for at first', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const items = Array.from({ length: 300 }, () => counted())
  for (const item of items) deadlines.add(item, NEVER)
  const last = items.at(-1)!
  deadlines.set(last, 0)
  deadlines.remove(items[0]!)
  assert.equal(deadlines.of(last), 0)
  t.mock.timers.tick(tickMs)
  assert.deepEqual(
    items.filter(({ due }) => due > 0),
    [last],
  )
  deadlines.stop()
})

test('a wait that is measured from the last look is never shorter than asked for', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const deadlines = new Deadlines()
  const before = performance.now()
  assert.ok(deadlines.after(1000) >= before + 1000)
  deadlines.add(counted(), NEVER)
  const after = deadlines.after(1000)
  assert.ok(after >= before + 1000 && after <= performance.now() + 1000 + tickMs)
  deadlines.stop()
})

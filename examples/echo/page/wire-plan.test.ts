import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lengthOf, pathThrough, pointAt } from './line.js'
import { WirePlan } from './wire-plan.js'

const page = { left: 0, top: 0, width: 100, height: 40 }
const router = { left: 200, top: 0, width: 100, height: 40 }

/** Boxes of 80 by 60 in rows of three, 20 apart. */
function planOf(names: readonly string[]) {
  const replicas = new Map(
    names.map((name, at) => [
      name,
      { left: 110 + (at % 3) * 100, top: 60 + Math.floor(at / 3) * 80, width: 80, height: 60 },
    ]),
  )
  const bottom = 60 + Math.ceil(names.length / 3) * 80
  return new WirePlan({ page, router, replicas, channel: { left: 0, top: bottom, width: 400, height: 20 } })
}

const xy = (points: readonly { x: number; y: number }[] | undefined) =>
  points?.map(({ x, y }) => `${x},${y}`).join(' ')

test('wires of one row run above it and below it', () => {
  const plan = planOf(['a', 'b', 'c'])
  assert.equal(xy(plan.toRouter()), '100,20 200,20')
  assert.equal(xy(plan.toReplica('a')), '250,40 250,50 150,50 150,60')
  assert.equal(xy(plan.toReplica('b')), '250,40 250,50 250,60')
  assert.equal(xy(plan.there('a')), '100,20 200,20 250,20 250,40 250,50 150,50 150,60')
  assert.equal(xy(plan.toChannel('c')), '350,120 350,140')
  assert.equal(xy(plan.along('a', 'c')), '150,120 150,140 150,150 350,150 350,140 350,120')
})

test('wires to a second row pass the first between its boxes', () => {
  const plan = planOf(['a', 'b', 'c', 'd', 'e'])
  assert.equal(xy(plan.toReplica('d')), '250,40 250,50 200,50 200,130 150,130 150,140')
  assert.equal(xy(plan.toChannel('a')), '150,120 150,130 200,130 200,220')
  assert.equal(xy(plan.toChannel('e')), '250,200 250,220')
})

test('a replica without a box has no wires', () => {
  const plan = planOf(['a'])
  assert.equal(plan.there('whale'), undefined)
  assert.equal(plan.toChannel('whale'), undefined)
  assert.equal(plan.along('a', 'whale'), undefined)
  assert.equal(xy(planOf([]).toRouter()), '100,20 200,20')
})

test('points of a line are found by how far along it they are', () => {
  const line = [
    { x: 0, y: 0 },
    { x: 30, y: 0 },
    { x: 30, y: 40 },
  ]
  assert.equal(lengthOf(line), 70)
  assert.deepEqual(
    [pointAt(line, 10), pointAt(line, 50)],
    [
      { x: 10, y: 0 },
      { x: 30, y: 20 },
    ],
  )
  assert.deepEqual([pointAt(line, 0), pointAt(line, 900)], [line[0], line[2]])
  assert.equal(pathThrough(line, 5), 'M0 0L25 0Q30 0 30 5L30 40')
  assert.equal(pathThrough([]), '')
})

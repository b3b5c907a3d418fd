import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createPinMemory, noReplica } from '../session/pin-memory.ts'
import { PinScan } from '../session/pin-scan.ts'
import { PinTable } from '../session/pin-table.ts'
import { pinKey } from '../session/store/pin-store.ts'
import { PinRefresh } from './pin-refresh.ts'

const startMs = 1_800_000_000_000
const keyOf = (index: number) =>
  Uint32Array.of(
    Math.imul(index, 0x9e3779b1),
    Math.imul(index, 0x85ebca6b),
    index,
    Math.imul(index, 0xc2b2ae35),
  )

interface Written {
  readonly atMs: number
  readonly expiresAtMs: number
}

/** Second by second, since the mocked clock stands at the end of a tick for all timers in it. */
function advance(t: TestContext, ms: number): void {
  for (let passed = 0; passed < ms; passed += 1000) t.mock.timers.tick(1000)
}

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: startMs })
  const memory = createPinMemory({ capacity: 5000, nowMs: startMs })
  const pins = new PinTable(memory)
  const written = new Map<string, Written[]>()
  const keeper = {
    free: 1,
    offer: (key: string, _replica: number, _epoch: number, expiresAtMs: number) => {
      written.set(key, [...(written.get(key) ?? []), { atMs: Date.now(), expiresAtMs }])
    },
  }
  const refresh = new PinRefresh(new PinScan(memory), memory.buckets, keeper)
  refresh.start()
  return { pins, written, keeper, refresh, of: (index: number) => written.get(pinKey(keyOf(index))) ?? [] }
}

for (const ttlMs of [30_000, 600_000, 7_200_000]) {
  test(`a session in use is never forgotten by the store, with a ttl of ${ttlMs / 1000} s`, (t) => {
    const { pins, of, refresh } = setUp(t)
    const known = new Map<number, number>()
    for (let index = 1; index <= 200; index++) {
      pins.insert(keyOf(index), 1, startMs, ttlMs, 0)
      known.set(index, startMs + ttlMs)
    }
    const stepMs = ttlMs / 10
    for (let step = 1; step <= 30; step++) {
      advance(t, stepMs)
      for (let index = 1; index <= 200; index++) {
        assert.ok(pins.find(keyOf(index), Date.now(), ttlMs))
        const untilMs = of(index).at(-1)?.expiresAtMs ?? startMs + ttlMs * 1.5 + 60_000
        assert.ok(untilMs > Date.now(), `${index} at step ${step}`)
      }
    }
    refresh.stop()
  })
}

test('a session in use is written four to eight times in its ttl, and not with all others at once', (t) => {
  const { pins, of, written, refresh } = setUp(t)
  const ttlMs = 1_200_000
  for (let index = 1; index <= 500; index++) pins.insert(keyOf(index), 1, startMs, ttlMs, 0)
  for (let second = 0; second < 3600; second += 20) {
    advance(t, 20_000)
    for (let index = 1; index <= 500; index++) pins.find(keyOf(index), Date.now(), ttlMs)
  }
  refresh.stop()
  const counts = Array.from({ length: 500 }, (_, index) => of(index + 1).length)
  assert.ok(
    Math.min(...counts) >= 12 && Math.max(...counts) <= 16,
    `${Math.min(...counts)} to ${Math.max(...counts)}`,
  )
  const bySecond = new Map<number, number>()
  for (const { atMs } of [...written.values()].flat()) bySecond.set(atMs, (bySecond.get(atMs) ?? 0) + 1)
  assert.ok(Math.max(...bySecond.values()) < 25, `${Math.max(...bySecond.values())} in one second`)
})

test('a session that nobody uses is not written, nor one that is over or closed', (t) => {
  const { pins, of, refresh } = setUp(t)
  pins.insert(keyOf(1), 1, startMs, 600_000, 0)
  pins.close(keyOf(2), startMs, startMs + 600_000)
  pins.insert(keyOf(3), 1, startMs, 1000, 0)
  advance(t, 580_000)
  assert.ok(of(1).length <= 2, `${of(1).length}`)
  assert.deepEqual([of(2), of(3)], [[], []])
  refresh.stop()
})

test('on demand one round writes every live pin, closings too, and only when there is room', (t) => {
  const { pins, written, keeper, refresh } = setUp(t)
  for (let index = 1; index <= 1000; index++) pins.insert(keyOf(index), 1, startMs, 86_400_000, 0)
  pins.close(keyOf(1001), startMs, startMs + 86_400_000)
  pins.insert(keyOf(1002), noReplica - 1, startMs, 1000, 0)
  advance(t, 60_000)
  written.clear()
  refresh.all()
  keeper.free = 0.4
  advance(t, 60_000)
  assert.equal(written.size, 0)
  keeper.free = 1
  advance(t, 30_000)
  assert.equal(written.size, 1001)
  written.clear()
  advance(t, 60_000)
  assert.ok(written.size < 100)
  refresh.stop()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReconnectWait } from './reconnect-wait.js'

function waits(random: number, closings: readonly (readonly [code: number, openMs: number])[]): number[] {
  const wait = new ReconnectWait(() => random)
  return closings.map(([code, openMs]) => wait.nextMs(code, openMs))
}

const failed = [1006, 0] as const

test('waits double from 1 s to 30 s, a quarter more or less', () => {
  const seven = Array.from({ length: 8 }, () => failed)
  assert.deepEqual(waits(0.5, seven), [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000])
  assert.deepEqual(waits(0, seven), [750, 1500, 3000, 6000, 12000, 22500, 22500, 22500])
  assert.deepEqual(waits(0.999, seven).slice(0, 3), [1250, 2499, 4998])
  assert.ok(waits(0.999, seven).every((ms) => ms <= 30_000))
})

test('after 1012 the wait is up to a second, and begins anew', () => {
  assert.deepEqual(waits(0.4, [[1012, 60_000]]), [400])
  assert.deepEqual(waits(0, [[1012, 60_000]]), [0])
})

test('a socket that was open for a while makes failures forgotten, and one that came and went does not', () => {
  assert.deepEqual(waits(0.5, [failed, failed, [1006, 6000], failed]), [1000, 2000, 1000, 2000])
  assert.deepEqual(waits(0.5, [failed, failed, [1006, 100], failed]), [1000, 2000, 4000, 8000])
})

test('who is sent away again and again comes back less and less often', () => {
  const away = Array.from({ length: 5 }, () => [1012, 50] as const)
  assert.deepEqual(waits(0.5, away), [500, 500, 4000, 8000, 16000])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartDelay } from './restart-delay.ts'

test('the delay of a restart doubles up to 10 s, and begins anew after a life of 30 s', () => {
  const delay = new RestartDelay()
  const delays = [0, 1, 29_999, 5, 5, 5, 5, 5].map((livedMs) => delay.after(livedMs))
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  assert.deepEqual([delay.after(30_000), delay.after(0)], [250, 500])
})

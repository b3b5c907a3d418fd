import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runDifferential } from './differential.ts'
import { runLive } from './live-router.ts'
import { chooseSeed } from './random.ts'

const seed = chooseSeed()

test('whatever Limpet accepts, Node reads alike, and what Limpet makes of it, too', async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`)
  const { inputs, accepted, failures } = await runDifferential(seed, performance.now() + 30_000)
  t.diagnostic(`${inputs} inputs, ${accepted} of them accepted`)
  assert.deepEqual(failures, [])
  assert.ok(accepted > inputs / 10, `only ${accepted} of ${inputs} inputs test anything`)
})

test('a router stays whole under mutated requests and responses, and relays only what was sent', async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`)
  const { connections, served, answers, failures } = await runLive(seed, performance.now() + 6000)
  t.diagnostic(`${connections} connections, ${served} requests, ${answers} answers`)
  assert.deepEqual(failures, [])
  assert.ok(served > connections / 10, `only ${served} requests of ${connections} connections got through`)
  assert.ok(answers > 100, `only ${answers} answers were asked for`)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allCases } from './cases/index.ts'
import { runPeer } from './compare.ts'
import { startLimpet } from './peers/limpet.ts'

test('Limpet does what each HTTP/1.1 case requires', async (t) => {
  const { results } = await runPeer(startLimpet, allCases)
  for (const { case: each, outcome } of results) {
    // Every case applies to Limpet: one that does not is a fault of the suite.
    await t.test(`${each.id} ${each.title}`, () => assert.equal(outcome.verdict, 'pass', outcome.detail))
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConformanceCase } from './case.ts'
import { allCases } from './cases/index.ts'
import { runPeer } from './compare.ts'
import { startAlways400 } from './peers/always-400.ts'
import { startPassThrough } from './peers/pass-through.ts'
import { comparisonPage } from './report.ts'

const named = (ids: string): readonly ConformanceCase[] => {
  const cases = allCases.filter(({ id }) => ids.split(' ').includes(id))
  assert.equal(cases.length, ids.split(' ').length, 'a case is gone')
  return cases
}

const verdicts = (results: Awaited<ReturnType<typeof runPeer>>['results']) =>
  new Set(results.map(({ outcome }) => outcome.verdict))

test('each row from 1 to 70 has a case, and each id is used once', () => {
  const rows = new Set(allCases.map(({ row }) => row))
  for (let row = 1; row <= 70; row++) assert.ok(rows.has(row), `row ${row} has no case`)
  assert.equal(new Set(allCases.map(({ id }) => id)).size, allCases.length)
  for (const { id, row } of allCases) assert.match(id, new RegExp(`^${row}[a-z]$`))
})

test('a pass-through that forwards every byte fails wherever something is to be refused or changed', async () => {
  const cases = named(
    '1a 2a 3a 4a 6a 7a 8a 9a 10a 11a 12a 13a 14a 18a 19a 20a 21a 22a 23a 26a 27a 28a 31a 32a 33a 35a 36a 37b 39a 40a 41a 43a 44a 45a 45b 47b 50a 52a 54b 55a 56a 59a 69b 77a 82a',
  )
  const { results } = await runPeer(startPassThrough, cases)
  assert.deepEqual(verdicts(results), new Set(['fail']))
})

test('a server that refuses everything fails wherever something is to be forwarded', async () => {
  const cases = named('16a 20a 24a 28s 33f 38c 46a 53a 54a 60a 63d 67a 68a 69a 70a 71a 74a 78a 80a 86a')
  const { results } = await runPeer(startAlways400, cases)
  assert.deepEqual(verdicts(results), new Set(['fail']))
})

test('a case about a sticky cookie is n/a, not a pass, where there is none', async () => {
  const { results } = await runPeer(startPassThrough, named('46b 64a 64d 64e 65a 66a'))
  assert.deepEqual(verdicts(results), new Set(['n/a']))
})

test('the comparison page shows each outcome, and says which proxies were not there', async () => {
  const cases = named('26a 74a 66b')
  const column = await runPeer(startPassThrough, cases)
  const page = comparisonPage(cases, [column], ['nginx is not installed.'])
  assert.match(page, /^nginx is not installed\.$/m)
  assert.match(page, /\| 26a \| HTTP\/1\.1 without Host .*\| \*\*fail\*\*: answers 200/)
  assert.match(page, /\| 74a \| .*\| pass \|/)
  assert.match(page, /\| 66b \| .*\| n\/a: /)
  assert.match(page, /\| fail \| 1 \|/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleSession } from '../admin/sessions-view.fixture.ts'
import { sessionLines, sessionsTable, shownDuration } from './sessions-table.ts'

const ada = sampleSession('chat', 'ada', { hash: 'a'.repeat(32), idleMs: 192_000, expiresInMs: 1_008_000 })
const bob = sampleSession('documents', 'bob', {
  hash: 'b'.repeat(32),
  replica: null,
  closed: true,
  epoch: 12,
})

test('sessions stand in columns, and the last line counts them', () => {
  assert.equal(
    sessionsTable({ sessions: [ada, bob], total: 2, truncated: false }),
    `HASH                              SERVICE    REPLICA   EPOCH  IDLE   EXPIRES
${ada.hash}  chat       a         0      3m12s  in 16m48s
${bob.hash}  documents  (closed)  12     1s     in 1m
2 sessions
`,
  )
})

test('a list that is cut short says so, and an empty one too', () => {
  const table = sessionsTable({ sessions: [ada], total: 70, truncated: true })
  assert.match(table, /\n1 of 70 sessions; --limit shows more, filters show fewer\n$/)
  assert.equal(sessionsTable({ sessions: [], total: 0, truncated: false }), 'no sessions\n')
})

test('a session has a line for each property', () => {
  assert.equal(
    sessionLines(ada),
    `hash     ${ada.hash}\nservice  chat\nreplica  a\nepoch    0\nidle     3m12s\nexpires  in 16m48s\n`,
  )
})

test('no name steers the terminal', () => {
  assert.match(sessionLines({ ...ada, replica: 'a\u001b[2J\n' }), /replica {2}a\?\[2J\?\n/)
})

test('durations have two units at most', () => {
  const cases = [
    [0, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m59s'],
    [3_601_000, '1h'],
    [90_000_000, '1d1h'],
    [86_400_000 * 400, '400d'],
  ] as const
  for (const [ms, shown] of cases) assert.equal(shownDuration(ms), shown)
})

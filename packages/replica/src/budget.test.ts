/** The limits on bytes, by sessions in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NoSpaceError, TooLargeError } from './errors.ts'
import { type Limits, limitsOf } from './limits.ts'
import { Sessions } from './sessions.ts'
import { createMemoryStore } from './store/memory-store.ts'
import { streamOf } from './store/place.fixture.ts'

function startSessions(limits: Partial<Limits>): Sessions {
  return new Sessions({
    store: createMemoryStore(),
    limits: limitsOf(limits),
    lifeMs: 60_000,
    report: assert.ifError,
    now: Date.now,
  })
}

test('a value, a session and all sessions hold no more bytes than they may', async () => {
  const limits = { valueBytes: 100, sessionBytes: 150, totalBytes: 200 }
  const sessions = startSessions(limits)
  const [one, two] = [await sessions.create(0), await sessions.create(0)]
  await assert.rejects(one.put('a', Buffer.alloc(101)), TooLargeError)
  await one.put('a', Buffer.alloc(100))
  await one.put('a', streamOf(Buffer.alloc(50), Buffer.alloc(50)))
  await assert.rejects(one.put('b', streamOf(Buffer.alloc(50), Buffer.alloc(1))), TooLargeError)
  await one.put('b', Buffer.alloc(50))
  await assert.rejects(two.put('a', Buffer.alloc(51)), NoSpaceError)
  assert.deepEqual(await two.list(), [])
  await two.put('a', Buffer.alloc(50))
  await one.delete('b')
  await one.put('c', Buffer.alloc(50))
  assert.equal(sessions.held.bytes, 200)
  await sessions.close(one.id, 0)
  await two.put('b', Buffer.alloc(100))
})

test('values that arrive at the same time count each other', async () => {
  const limits = { sessionBytes: 100 }
  const sessions = startSessions(limits)
  const session = await sessions.create(0)
  const puts = ['a', 'b'].map((key) => session.put(key, streamOf(Buffer.alloc(30), Buffer.alloc(30))))
  const results = await Promise.allSettled(puts)
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 1)
})

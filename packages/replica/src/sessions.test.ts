/** The life of sessions by a clock of the test's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FullError, SessionNotFoundError, StaleEpochError } from './errors.ts'
import { type Limits, limitsOf } from './limits.ts'
import { Sessions, type SessionsOptions } from './sessions.ts'
import { createMemoryStore } from './store/memory-store.ts'
import { streamOf } from './store/place.fixture.ts'
import type { SessionStore } from './store/store.ts'

interface World {
  nowMs: number
  /** Hooks that ran and what was reported, in order. */
  readonly events: string[]
}

function startSessions(
  world: World,
  store: SessionStore,
  options: Partial<Omit<SessionsOptions, 'limits'>> & { limits?: Partial<Limits> } = {},
): Sessions {
  const { limits, ...others } = options
  return new Sessions({
    store,
    lifeMs: 60_000,
    now: () => world.nowMs,
    report: (error, what) => void world.events.push(`${what}: ${(error as Error).message}`),
    onClose: () => void world.events.push('closed'),
    onExpire: () => void world.events.push('expired'),
    onLost: () => void world.events.push('lost'),
    limits: limitsOf(limits),
    ...others,
  })
}

const newWorld = (): World => ({ nowMs: 1_000_000, events: [] })

async function begin(sessions: Sessions): Promise<string> {
  const session = await sessions.create(0)
  await sessions.leave(session)
  return session.id
}

async function use(sessions: Sessions, id: string, epoch = 0): Promise<void> {
  await sessions.leave(await sessions.enter(id, epoch))
}

const expired = { name: 'SessionNotFoundError', expired: true }

test('the first use after the end is refused, without any sweep, and the state is gone', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const sessions = startSessions(world, store)
  const id = await begin(sessions)
  world.nowMs += 59_999
  await use(sessions, id)
  world.nowMs += 1
  await assert.rejects(use(sessions, id), expired)
  assert.equal(await store.look(id), undefined)
  assert.deepEqual(world.events, ['expired'])
})

test('a fixed life does not grow with use', async () => {
  const world = newWorld()
  const sessions = startSessions(world, createMemoryStore())
  const id = await begin(sessions)
  for (let i = 0; i < 3; i++) {
    world.nowMs += 15_000
    await use(sessions, id)
  }
  world.nowMs += 15_000
  await assert.rejects(use(sessions, id), expired)
})

test('a sliding one ends after so long without a request, and at its announced end in any case', async () => {
  const world = newWorld()
  const sessions = startSessions(world, createMemoryStore(), { idleMs: 20_000 })
  const [used, idle] = [await begin(sessions), await begin(sessions)]
  for (let i = 0; i < 3; i++) {
    world.nowMs += 19_000
    await use(sessions, used)
  }
  await assert.rejects(use(sessions, idle), expired)
  world.nowMs += 3000
  await assert.rejects(use(sessions, used), expired)
})

test('a request keeps its sliding session alive, for other processes, too', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const [one, other] = [
    startSessions(world, store, { idleMs: 20_000 }),
    startSessions(world, store, { idleMs: 20_000 }),
  ]
  const id = await begin(one)
  world.nowMs += 19_000
  const session = await one.enter(id, 0)
  world.nowMs += 19_000
  await other.sweep()
  await session.put('a', 1)
  await one.sweep()
  world.nowMs += 19_000
  await other.sweep()
  await one.leave(session)
  await use(other, id)
  assert.deepEqual(world.events, [])
})

test('a sweep ends what has expired, of this and of other processes, and calls hooks once', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const [one, other] = [startSessions(world, store), startSessions(world, store, { onExpire: () => {} })]
  const ids = [await begin(one), await begin(one)]
  await other.sweep()
  world.nowMs += 60_000
  await other.sweep()
  assert.deepEqual(await store.ids(), [])
  assert.deepEqual(world.events, [])
  await one.sweep()
  await one.sweep()
  assert.deepEqual(world.events, ['expired', 'expired'])
  for (const id of ids) await assert.rejects(use(one, id), SessionNotFoundError)
})

test('a session that expires during a request is ended after it', async () => {
  const world = newWorld()
  const sessions = startSessions(world, createMemoryStore())
  const session = await sessions.create(0)
  world.nowMs += 60_001
  await sessions.sweep()
  await session.put('a', 1)
  assert.deepEqual(world.events, [])
  await sessions.leave(session)
  await sessions.sweep()
  assert.deepEqual(world.events, ['expired'])
})

test('onClose runs once, after the last request under way', async () => {
  const world = newWorld()
  const sessions = startSessions(world, createMemoryStore())
  const session = await sessions.create(0)
  await sessions.close(session.id, 0)
  await assert.rejects(sessions.close(session.id, 0), SessionNotFoundError)
  await assert.rejects(session.put('a', 1), SessionNotFoundError)
  assert.deepEqual(world.events, [])
  await sessions.leave(session)
  assert.deepEqual(world.events, ['closed'])
})

test('a session that another process has closed is noticed', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const [one, other] = [startSessions(world, store), startSessions(world, store, { onClose: () => {} })]
  const id = await begin(one)
  await other.close(id, 0)
  await one.sweep()
  assert.deepEqual(world.events, ['closed'])
})

test('a session that has moved is noticed by a sweep, and not ended', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const [one, other] = [startSessions(world, store), startSessions(world, store)]
  const id = await begin(one)
  await use(other, id, 1)
  await one.sweep()
  assert.deepEqual(world.events, ['lost'])
  await assert.rejects(use(one, id), StaleEpochError)
  await use(other, id, 1)
  await use(one, id, 2)
})

test('a hook that fails is reported and ends the session all the same', async () => {
  const world = newWorld()
  const fails = () => Promise.reject(new Error('out of memory'))
  const sessions = startSessions(world, createMemoryStore(), { onClose: fails, onExpire: fails })
  const [closed, expires] = [await begin(sessions), await begin(sessions)]
  await sessions.close(closed, 0)
  world.nowMs += 60_000
  await sessions.sweep()
  assert.deepEqual(world.events, [
    `onClose of session ${closed}: out of memory`,
    `onExpire of session ${expires}: out of memory`,
  ])
  assert.deepEqual(sessions.held, { sessions: 0, bytes: 0 })
})

test('a session that can not be looked at is reported, and keeps none of the others from their end', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  let bad = ''
  const sessions = startSessions(world, {
    ...store,
    look: async (id) => {
      if (id === bad) throw new Error('input/output error')
      return store.look(id)
    },
  })
  bad = await begin(sessions)
  const good = await begin(sessions)
  world.nowMs += 60_000
  await sessions.sweep()
  assert.deepEqual(world.events, ['expired', `look at session ${bad}: input/output error`])
  assert.equal(await store.look(good), undefined)
})

test('a store that is away is one report for each sweep, not one for each session', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const sessions = startSessions(world, {
    ...store,
    look: async () => {
      throw new Error('connection lost')
    },
  })
  const first = await begin(sessions)
  await begin(sessions)
  await begin(sessions)
  await sessions.sweep()
  assert.deepEqual(world.events, [`look at session ${first} and 2 more: connection lost`])
  assert.equal(sessions.held.sessions, 3)
})

test('a sweep ends early when it is told to', async () => {
  const world = newWorld()
  const store = createMemoryStore()
  const stopping = new AbortController()
  let looks = 0
  const sessions = startSessions(world, {
    ...store,
    look: async (id) => {
      looks++
      stopping.abort()
      return store.look(id)
    },
  })
  await begin(sessions)
  await begin(sessions)
  await sessions.sweep(stopping.signal)
  assert.equal(looks, 1)
})

test('expired sessions make room for a new one before any sweep', async () => {
  const world = newWorld()
  const sessions = startSessions(world, createMemoryStore(), { limits: { sessions: 2 } })
  await begin(sessions)
  await begin(sessions)
  await assert.rejects(begin(sessions), FullError)
  world.nowMs += 60_000
  await begin(sessions)
})

test('sessions that are created at once do not exceed the limit', async () => {
  const sessions = startSessions(newWorld(), createMemoryStore(), { limits: { sessions: 3 } })
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => begin(sessions)))
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 3)
})

test('a session gives back JSON and bytes as they were put', async () => {
  const sessions = startSessions(newWorld(), createMemoryStore())
  const session = await sessions.create(0)
  const json = { text: 'ü', list: [1, null, { deep: true }] }
  await session.put('json', json)
  await session.put('null', null)
  await session.put('bytes', new Uint8Array([0, 255, 10]))
  await session.put('stream', streamOf('a', 'b'))
  assert.deepEqual(await session.get('json'), json)
  assert.equal(await session.get('null'), null)
  assert.deepEqual(await session.get('bytes'), Buffer.from([0, 255, 10]))
  assert.deepEqual(await session.get('stream'), Buffer.from('ab'))
  assert.equal(await session.get('none'), undefined)
  const circular: Record<string, unknown> = {}
  circular.self = circular
  for (const value of [undefined, () => {}, 10n, circular]) {
    await assert.rejects(session.put('a', value), { code: 'LIMPET_REPLICA_BAD_VALUE' })
  }
})

/** One table of cases that every event log passes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SessionNotFoundError, StaleEpochError } from '../../errors.ts'
import { beginning } from '../../position.ts'
import { filePlace, newRecord, redisPlace } from '../../store/place.fixture.ts'
import { type McpStore, openMcpStore } from '../open-store.ts'
import type { EventLimits } from './event-log.ts'

interface Case {
  readonly promise: string
  readonly limits?: Partial<EventLimits>
  check(store: McpStore, other: McpStore): Promise<void>
}

async function begun({ sessions }: McpStore): Promise<string> {
  const record = newRecord()
  await sessions.create(record)
  return record.id
}

const textsOf = async ({ events }: McpStore, id: string, stream = 'a', from = beginning): Promise<string[]> =>
  (await events.after(id, stream, from)).map(({ text }) => text)

const cases: readonly Case[] = [
  {
    promise: 'gives back the events of a stream after a position, in order, to others, too',
    async check(store, other) {
      const id = await begun(store)
      assert.equal(await store.events.last(id), beginning)
      const positions: string[] = []
      for (let i = 0; i < 12; i++) positions.push(await store.events.append(id, 0, i % 2 ? 'b' : 'a', `${i}`))
      assert.deepEqual(await textsOf(other, id), ['0', '2', '4', '6', '8', '10'])
      assert.deepEqual(await textsOf(other, id, 'a', positions[5]), ['6', '8', '10'])
      assert.deepEqual(await textsOf(other, id, 'b', positions[11]), [])
      assert.deepEqual(await textsOf(other, id, 'c'), [])
      assert.equal(await other.events.last(id), positions[11])
      await other.events.drop(id)
      assert.deepEqual(await textsOf(store, id), [])
    },
  },
  {
    promise: 'keeps the order of events that are appended at once',
    async check(store) {
      const id = await begun(store)
      const texts = Array.from({ length: 30 }, (_, i) => `${i}`)
      await Promise.all(texts.map((text) => store.events.append(id, 0, 'a', text)))
      assert.deepEqual(await textsOf(store, id), texts)
    },
  },
  {
    promise: 'refuses the events of a writer whose epoch is over, and goes on with those of the next one',
    async check(store, other) {
      const id = await begun(store)
      await store.events.append(id, 0, 'a', 'first')
      const epoch = (await other.sessions.claim(id, 0))!.epoch
      await assert.rejects(store.events.append(id, 0, 'a', 'late'), StaleEpochError)
      await other.events.append(id, epoch, 'a', 'second')
      await assert.rejects(store.events.append(id, 0, 'a', 'late'), StaleEpochError)
      assert.deepEqual(await textsOf(store, id), ['first', 'second'])
      await assert.rejects(store.events.append(newRecord().id, 0, 'a', ''), SessionNotFoundError)
    },
  },
  {
    promise: 'keeps the youngest events, as many as there may be',
    limits: { events: 3 },
    async check(store) {
      const id = await begun(store)
      for (const text of ['1', '2', '3', '4', '5']) await store.events.append(id, 0, 'a', text)
      assert.deepEqual(await textsOf(store, id), ['3', '4', '5'])
    },
  },
  {
    promise: 'keeps the youngest events, as many bytes as there may be',
    limits: { bytes: 10 },
    async check(store) {
      const id = await begun(store)
      for (const text of ['1111', '22', 'öö', '4444']) await store.events.append(id, 0, 'a', text)
      assert.deepEqual(await textsOf(store, id), ['22', 'öö', '4444'])
      await store.events.append(id, 0, 'b', '55555555')
      assert.deepEqual(await textsOf(store, id), [])
      assert.deepEqual(await textsOf(store, id, 'b'), ['55555555'])
      await store.events.append(id, 0, 'c', 'longer alone than all may be')
      assert.deepEqual(await textsOf(store, id, 'c'), [])
      await store.events.append(id, 0, 'a', '6')
      assert.deepEqual(await textsOf(store, id), ['6'])
    },
  },
]

/** Opens two stores at one place. */
type Opener = (limits: Partial<EventLimits>) => Promise<[McpStore, McpStore]>

function table(name: string, open: Opener): void {
  for (const { promise, limits = {}, check } of cases) {
    test(`${name} ${promise}`, async () => {
      const [store, other] = await open(limits)
      try {
        await check(store, other)
      } finally {
        await store.close()
        if (other !== store) await other.close()
      }
    })
  }
}

describe('event logs', () => {
  let redis: Awaited<ReturnType<typeof redisPlace>>
  let files: Awaited<ReturnType<typeof filePlace>>
  before(async () => {
    redis = await redisPlace()
    files = await filePlace()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
    await files[Symbol.asyncDispose]()
  })
  const pairAt = async (address: string, events: Partial<EventLimits>): Promise<[McpStore, McpStore]> => [
    await openMcpStore(address, { events }),
    await openMcpStore(address, { events }),
  ]

  table('memory', async (events) => {
    const store = await openMcpStore('memory', { events })
    return [store, store]
  })
  table('file', (events) => pairAt(`file:${files.path}`, events))
  table('redis', (events) => pairAt(redis.url, events))

  test('events in Redis vanish with their age', async () => {
    const [store, other] = await pairAt(redis.url, { ageMs: 200 })
    const id = await begun(store)
    await store.events.append(id, 0, 'a', 'x')
    const endMs = Date.now() + 5000
    while ((await textsOf(store, id)).length > 0) assert.ok(Date.now() < endMs)
    await store.close()
    await other.close()
  })
})

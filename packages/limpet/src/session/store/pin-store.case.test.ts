/** One table of cases that every store passes. What only one store promises is tested beside it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until, within } from '../../../../../test/kit/process.ts'
import { type RedisServer, startRedis } from '../../../../../test/kit/redis-server.ts'
import { storeUrlField } from '../../config/store-url.ts'
import { memoryStore } from './memory-store.ts'
import { storeOf } from './open-store.ts'
import type { OpenPinStore, PinStore, StoredPin } from './pin-store.ts'

const home = (replica: string) => ({ service: 'chat', replica })

/** A record of a session of its own that lives for a minute. */
function samplePin(more: Partial<StoredPin> = {}): StoredPin {
  const key = randomBytes(16).toString('hex')
  return { key, home: home('a'), epoch: 0, expiresAtMs: Date.now() + 60_000, deadlineMs: 0, ...more }
}

/** One router's end of the store. */
interface Client {
  readonly store: PinStore
  /** What it was told of other routers' writes. */
  readonly changes: StoredPin[]
  told(key: string): Promise<StoredPin>
}

async function openClient(open: OpenPinStore): Promise<Client> {
  const changes: StoredPin[] = []
  let onChange = (): void => undefined
  const store = await open(
    {
      changed: (pin) => {
        changes.push(pin)
        onChange()
      },
      invalid: () => assert.fail('what a store wrote is valid'),
      failed: (error) => assert.fail(error),
    },
    AbortSignal.timeout(10_000),
  )
  const told = (key: string): Promise<StoredPin> =>
    within(
      5000,
      'the announcement',
      new Promise((resolve) => {
        onChange = () => {
          const found = changes.find((pin) => pin.key === key)
          if (found !== undefined) resolve(found)
        }
        onChange()
      }),
    )
  return { store, changes, told }
}

interface Case {
  readonly promise: string
  check(one: Client, other: Client): Promise<void>
}

/** What stands under `key`. */
const standing = async ({ store }: Client, key: string) => (await store.read([key]))[0]

const cases: readonly Case[] = [
  {
    promise:
      'gives back what was written, to every router, and undefined for the rest, in the order of the keys',
    async check(one, other) {
      const deadlineMs = Date.now() + 100_000
      const pins = [
        samplePin({ deadlineMs }),
        samplePin({ home: undefined, epoch: 65_535 }),
        samplePin({ home: { service: 'a "b" ü', replica: '[::1]:8000' }, epoch: 7 }),
      ]
      assert.deepEqual(await one.store.write(pins), [])
      const unknown = samplePin().key
      const keys = [pins[2]!.key, unknown, pins[0]!.key, pins[1]!.key, pins[0]!.key]
      for (const client of [one, other]) {
        const found = await client.store.read(keys)
        assert.deepEqual(found, [pins[2], undefined, pins[0], pins[1], pins[0]])
      }
    },
  },
  {
    promise: 'takes and gives nothing',
    async check(one) {
      assert.deepEqual(await one.store.write([]), [])
      assert.deepEqual(await one.store.read([]), [])
      await one.store.check()
    },
  },
  {
    promise: 'of two placements lets the first stand, and tells the second router which',
    async check(one, other) {
      const first = samplePin()
      const second = { ...first, home: home('b'), expiresAtMs: first.expiresAtMs + 60_000 }
      assert.deepEqual(await one.store.write([first]), [])
      assert.deepEqual(await other.store.write([samplePin(), second]), [{ offered: second, standing: first }])
      assert.deepEqual(await standing(other, first.key), first)
    },
  },
  {
    promise: 'tells a replica of another service apart from its namesake',
    async check(one, other) {
      const first = samplePin()
      const second = { ...first, home: { service: 'other', replica: 'a' } }
      await one.store.write([first])
      assert.deepEqual(await other.store.write([second]), [{ offered: second, standing: first }])
    },
  },
  {
    promise: 'lets the higher epoch stand, whoever writes it and whenever',
    async check(one, other) {
      const first = samplePin({ epoch: 3 })
      const lower = { ...first, epoch: 2, home: home('b') }
      const higher = { ...first, epoch: 10, home: home('c'), expiresAtMs: first.expiresAtMs - 30_000 }
      await one.store.write([first])
      assert.deepEqual(await one.store.write([lower]), [{ offered: lower, standing: first }])
      assert.deepEqual(await other.store.write([higher]), [])
      assert.deepEqual(await one.store.write([first]), [{ offered: first, standing: higher }])
      assert.deepEqual(await standing(one, first.key), higher)
    },
  },
  {
    promise: 'makes the time of an equal longer and never shorter',
    async check(one, other) {
      const first = samplePin({ epoch: 1, deadlineMs: Date.now() + 600_000 })
      const longer = { ...first, expiresAtMs: first.expiresAtMs + 5000 }
      await one.store.write([first])
      assert.deepEqual(await other.store.write([longer]), [])
      assert.deepEqual(await standing(one, first.key), longer)
      assert.deepEqual(await one.store.write([first]), [])
      assert.deepEqual(await standing(one, first.key), longer)
    },
  },
  {
    promise: 'lets a closing win over the pin it closes, and not over a later one',
    async check(one, other) {
      const pin = samplePin({ epoch: 4 })
      const closing = { ...pin, home: undefined, expiresAtMs: pin.expiresAtMs - 5000 }
      await one.store.write([pin])
      assert.deepEqual(await other.store.write([closing]), [])
      assert.deepEqual(await one.store.write([pin]), [{ offered: pin, standing: closing }])
      assert.deepEqual(await standing(one, pin.key), closing)
      const anew = { ...pin, epoch: 5, home: home('b') }
      assert.deepEqual(await one.store.write([anew]), [])
      assert.deepEqual(await other.store.write([closing]), [{ offered: closing, standing: anew }])
    },
  },
  {
    promise: 'forgets a record when its time is over, and then takes any other',
    async check(one, other) {
      const brief = samplePin({ epoch: 9, expiresAtMs: Date.now() + 40 })
      await one.store.write([brief])
      await until('the record is over', async () => (await standing(other, brief.key)) === undefined)
      const next = { ...brief, epoch: 0, home: home('b'), expiresAtMs: Date.now() + 60_000 }
      assert.deepEqual(await other.store.write([next]), [])
      assert.deepEqual(await standing(one, brief.key), next)
    },
  },
  {
    promise: 'withdraws a record for an equal that is over, and leaves others',
    async check(one, other) {
      const pin = samplePin({ epoch: 2 })
      await one.store.write([pin])
      const elsewhere = { ...pin, home: home('b'), expiresAtMs: 0 }
      assert.deepEqual(await other.store.write([elsewhere]), [{ offered: elsewhere, standing: pin }])
      assert.deepEqual(await other.store.write([{ ...pin, expiresAtMs: 0 }]), [])
      assert.equal(await standing(one, pin.key), undefined)
      assert.deepEqual(await one.store.write([{ ...pin, expiresAtMs: 0 }]), [], 'one that is not there')
    },
  },
  {
    promise: 'announces re-homings and closings to the other routers, in their order, and nothing else',
    async check(one, other) {
      const placed = samplePin()
      const moved = { ...placed, epoch: 1, home: home('b') }
      const closed = samplePin({ home: undefined })
      const last = samplePin({ epoch: 1 })
      await one.store.write([placed])
      await one.store.write([moved])
      await one.store.write([closed])
      await one.store.write([{ ...moved, expiresAtMs: moved.expiresAtMs + 1000 }])
      await other.store.write([{ ...placed, home: home('c') }])
      await one.store.write([last])
      await other.told(last.key)
      const keys = [placed, closed, last].map(({ key }) => key)
      const told = other.changes.filter(({ key }) => keys.includes(key))
      assert.deepEqual(
        told.map(({ key, epoch }) => [key, epoch]),
        [
          [moved.key, 1],
          [closed.key, 0],
          [last.key, 1],
        ],
      )
      assert.deepEqual(told[1], closed)
      assert.deepEqual(
        one.changes.filter(({ key }) => keys.includes(key)),
        [],
        'not to the one that wrote them',
      )
    },
  },
  {
    promise: 'takes a thousand records at once, and says which of them lost',
    async check(one, other) {
      const pins = Array.from({ length: 1000 }, () => samplePin())
      await one.store.write(pins.filter((_, index) => index % 10 === 0))
      const mine = pins.map((pin) => ({ ...pin, home: home('b') }))
      const lost = await other.store.write(mine)
      const lostKeys = lost.map(({ offered }) => offered.key).toSorted()
      const expected = pins.filter((_, index) => index % 10 === 0).map(({ key }) => key)
      assert.deepEqual(lostKeys, expected.toSorted())
      const found = await one.store.read(pins.map(({ key }) => key))
      assert.deepEqual(
        found.map((pin) => pin?.home?.replica),
        pins.map((_, index) => (index % 10 === 0 ? 'a' : 'b')),
      )
    },
  },
  {
    promise: 'of many routers that place one session at once lets one win, and tells all the others which',
    async check(one, other) {
      const { key, ...rest } = samplePin()
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      const results = await Promise.all(
        names.map((name, index) =>
          (index % 2 === 0 ? one : other).store.write([{ key, ...rest, home: home(name) }]),
        ),
      )
      const winner = await standing(one, key)
      const losers = results.flat()
      assert.equal(losers.length, names.length - 1)
      for (const lost of losers) assert.deepEqual(lost.standing, winner)
    },
  },
  {
    promise:
      'keeps notes for every router, the latest of the highest version, and tells what stands in their place',
    async check(one, other) {
      const text = 'a "b": ü\n\r\0:1:2'
      const note = { key: samplePin().key, version: 1, owner: '0a', text, expiresAtMs: Date.now() + 60_000 }
      const alike = { ...note, key: samplePin().key, text: '' }
      assert.deepEqual(await one.store.writeNotes([note, alike]), [undefined, undefined])
      for (const { store } of [one, other]) {
        assert.equal(await store.readNote(note.key), text)
        assert.equal(await store.readNote(alike.key), '')
        assert.equal(await store.readNote(samplePin().key), undefined)
      }
      const later = { ...note, text: 'later' }
      assert.deepEqual(await other.store.writeNotes([later]), [undefined])
      const lost = [
        { ...alike, version: 0, text: 'lower' },
        { ...note, owner: '0b', text: 'of another' },
      ]
      assert.deepEqual(await one.store.writeNotes(lost), ['', 'later'])
      assert.equal(await one.store.readNote(note.key), 'later')
      const higher = { ...note, version: 10, owner: '0c', text: 'higher' }
      assert.deepEqual(await other.store.writeNotes([higher]), [undefined])
      assert.deepEqual(await one.store.writeNotes([{ ...note, version: 9 }]), ['higher'])
      assert.equal(await one.store.readNote(note.key), 'higher')
    },
  },
  {
    promise: 'lets one of many notes stand that are written at once, and tells all others which',
    async check(one, other) {
      const { key } = samplePin()
      const owners = ['0a', '0b', '0c', '0d', '0e', '0f']
      const answers = await Promise.all(
        owners.map((owner, index) =>
          (index % 2 === 0 ? one : other).store.writeNotes([
            { key, version: 1, owner, text: owner, expiresAtMs: Date.now() + 60_000 },
          ]),
        ),
      )
      const winner = await other.store.readNote(key)
      for (const [index, [standing]] of answers.entries()) assert.equal(standing ?? owners[index], winner)
    },
  },
  {
    promise: 'forgets notes that are over, and takes away what stands where one is written that is over',
    async check(one, other) {
      const note = {
        key: samplePin().key,
        version: 3,
        owner: '',
        text: 'short',
        expiresAtMs: Date.now() + 150,
      }
      await one.store.writeNotes([note])
      await until('the note is over', async () => (await other.store.readNote(note.key)) === undefined)
      await one.store.writeNotes([{ ...note, expiresAtMs: Date.now() + 60_000 }])
      await other.store.writeNotes([{ ...note, version: 0, expiresAtMs: 0 }])
      assert.equal(await one.store.readNote(note.key), undefined)
      await one.store.writeNotes([])
    },
  },
  {
    promise: 'keeps notes and pins of one key apart',
    async check(one) {
      const pin = samplePin()
      await one.store.writeNotes([
        { key: pin.key, version: 0, owner: '', text: 'note', expiresAtMs: Date.now() + 60_000 },
      ])
      assert.equal(await standing(one, pin.key), undefined)
      await one.store.write([pin])
      assert.deepEqual(await standing(one, pin.key), pin)
      assert.equal(await one.store.readNote(pin.key), 'note')
    },
  },
]

/** All stores, each with what it takes to have one. */
const redis: { server?: RedisServer } = {}
const folder: { path?: string } = {}
const stores: readonly (readonly [string, () => OpenPinStore])[] = [
  ['memory', memoryStore],
  ['SQLite', () => fromUrl(`sqlite:${join(folder.path!, `${randomBytes(4).toString('hex')}.db`)}`)],
  ['Redis', () => fromUrl(redis.server!.url)],
  ['Redis Cluster', () => fromUrl(clusterUrl())],
]
const cluster: { server?: RedisServer } = {}
const clusterUrl = () => cluster.server!.url.replace('redis:', 'redis+cluster:')

function fromUrl(url: string): OpenPinStore {
  const location = storeUrlField().parse(url)
  return storeOf({ location, passwordFile: undefined, caFile: undefined, queue: 1, lookupTimeoutMs: 1 }, {})
}

before(async () => {
  folder.path = await mkdtemp(join(tmpdir(), 'limpet-store-'))
  redis.server = await startRedis()
  cluster.server = await startRedis({ args: ['--cluster-enabled', 'yes'] })
  await cluster.server.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await until('the cluster is up', async () =>
    String(await cluster.server!.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
  )
})
after(async () => {
  await redis.server?.[Symbol.asyncDispose]()
  await cluster.server?.[Symbol.asyncDispose]()
  await rm(folder.path!, { recursive: true, force: true })
})

for (const [name, create] of stores) {
  describe(name, () => {
    let clients: readonly [Client, Client]
    before(async () => {
      const open = create()
      clients = [await openClient(open), await openClient(open)]
    })
    after(async () => {
      for (const { store } of clients) await store.close()
    })
    for (const { promise, check } of cases) test(promise, () => check(...clients))
  })
}

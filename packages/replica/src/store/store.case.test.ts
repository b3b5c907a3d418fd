/** One table of cases that every store passes. What only one promises is tested beside it. */
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { SessionNotFoundError } from '../errors.ts'
import { epochCases, type StoreCase } from './epoch-cases.fixture.ts'
import { checkKey } from './key.ts'
import {
  filePlace,
  memoryPlace,
  newRecord,
  type Place,
  putText,
  redisPlace,
  streamOf,
  textAt,
} from './place.fixture.ts'

const MiB = 1024 * 1024

const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)

const cases: readonly StoreCase[] = [
  {
    promise: 'gives a session back as it was created, to others, too',
    async check(store, other) {
      const record = newRecord({ epoch: 3 })
      await store.create(record)
      for (const each of [store, other]) {
        assert.deepEqual(await each.look(record.id), record)
        assert.deepEqual(await each.open(record.id, 3), record)
      }
    },
  },
  {
    promise: 'reads a value from any byte on, and says how long all of it is',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      const value = Buffer.alloc(
        2.5 * MiB,
        Uint8Array.from({ length: 251 }, (_, at) => at),
      )
      await store.write(record.id, 0, { key: 'film', kind: 'bytes', content: Readable.from([value]) })
      for (const from of [
        0,
        1,
        MiB - 1,
        MiB,
        MiB + 7,
        2 * MiB + 1,
        value.length - 1,
        value.length,
        9 * MiB,
      ]) {
        const read = await other.read(record.id, 'film', from)
        assert.equal(read?.bytes, value.length)
        assert.ok((await buffer(read.content)).equals(value.subarray(from)), `from ${from}`)
      }
    },
  },
  {
    promise: 'keeps the idle time and the last use',
    async check(store, other) {
      const usedAtMs = Date.now() - 5000
      const record = newRecord({ idleMs: 30_000, usedAtMs })
      await store.create(record)
      await store.touch(record, usedAtMs + 2000)
      assert.deepEqual(await other.look(record.id), { ...record, usedAtMs: usedAtMs + 2000 })
    },
  },
  {
    promise: 'knows nothing of a session that is not there, and refuses changes to it',
    async check(store) {
      const record = newRecord()
      const { id } = record
      assert.equal(await store.look(id), undefined)
      assert.equal(await store.open(id, 0), undefined)
      assert.equal(await store.read(id, 'a'), undefined)
      assert.deepEqual(await store.list(id), [])
      assert.equal(await store.destroy(id, 0), false)
      for (const change of [
        () => putText(store, record, 'a', '1'),
        () => store.remove(id, 0, 'a'),
        () => store.touch({ ...record, idleMs: 1, usedAtMs: 1 }, 2),
      ]) {
        await assert.rejects(change(), SessionNotFoundError)
      }
      assert.equal(await store.look(id), undefined)
    },
  },
  {
    promise: 'puts, gets, replaces, lists and deletes values',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      assert.equal(await putText(store, record, 'a', '{"n":1}'), 7)
      assert.equal(await putText(store, record, 'b', 'xyz', 'bytes'), 10)
      assert.equal(await putText(store, record, 'a', '22'), 5)
      assert.equal(await textAt(other, record.id, 'a'), 'json: 22')
      assert.equal(await textAt(other, record.id, 'b'), 'bytes: xyz')
      assert.deepEqual((await other.list(record.id)).sort(byKey), [
        { key: 'a', kind: 'json', bytes: 2 },
        { key: 'b', kind: 'bytes', bytes: 3 },
      ])
      assert.equal(await other.remove(record.id, 0, 'a'), true)
      assert.equal(await store.remove(record.id, 0, 'a'), false)
      assert.equal(await store.read(record.id, 'a'), undefined)
      assert.equal(await textAt(store, record.id, 'b'), 'bytes: xyz')
    },
  },
  {
    promise: 'replaces JSON by bytes and bytes by JSON',
    async check(store) {
      const record = newRecord()
      await store.create(record)
      await putText(store, record, 'a', '"json"')
      await putText(store, record, 'a', 'bytes', 'bytes')
      assert.equal(await textAt(store, record.id, 'a'), 'bytes: bytes')
      await putText(store, record, 'a', '"j"')
      assert.equal(await textAt(store, record.id, 'a'), 'json: "j"')
      assert.deepEqual(await store.list(record.id), [{ key: 'a', kind: 'json', bytes: 3 }])
    },
  },
  {
    promise: 'takes an empty value',
    async check(store) {
      const record = newRecord()
      await store.create(record)
      await putText(store, record, 'a', '', 'bytes')
      assert.equal(await textAt(store, record.id, 'a'), 'bytes: ')
      assert.deepEqual(await store.list(record.id), [{ key: 'a', kind: 'bytes', bytes: 0 }])
    },
  },
  {
    promise: 'keeps odd keys apart',
    async check(store) {
      const record = newRecord()
      const keys = [
        ...['a/b', 'a-b', 'a%2Fb', 'a%2fb', '..', '.', '.expiration_ts', '.epoch-0', '.bytes.a', '.idle_ms'],
        ...[
          '/etc/passwd',
          '../up',
          'ü 𝄞',
          'tab\t\n',
          '\0',
          '%',
          '%%25',
          'A/B',
          '__proto__',
          'v:a',
          'k'.repeat(200),
        ],
      ]
      await store.create(record)
      for (const key of keys) {
        checkKey(key)
        await putText(store, record, key, JSON.stringify(key), keys.indexOf(key) % 2 ? 'bytes' : 'json')
      }
      for (const key of keys)
        assert.ok((await textAt(store, record.id, key))?.endsWith(JSON.stringify(key)), key)
      assert.deepEqual((await store.list(record.id)).map(({ key }) => key).sort(), keys.toSorted())
      assert.deepEqual(await store.look(record.id), record)
      for (const key of keys) assert.equal(await store.remove(record.id, 0, key), true, key)
      assert.deepEqual(await store.list(record.id), [])
    },
  },
  {
    promise: 'streams 20 MB both ways, as large as they came',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      const sent = createHash('sha256')
      async function* content() {
        for (let i = 0; i < 320; i++) {
          const piece = Buffer.alloc(65_501, `${i} `)
          sent.update(piece)
          yield piece
        }
      }
      const bytes = 320 * 65_501
      assert.equal(await store.write(record.id, 0, { key: 'film', kind: 'bytes', content: content() }), bytes)
      const value = await other.read(record.id, 'film')
      assert.equal(value?.bytes, bytes)
      const got = createHash('sha256')
      for await (const piece of value.content) got.update(piece as Uint8Array)
      assert.equal(got.digest('hex'), sent.digest('hex'))
    },
  },
  {
    promise: 'does not keep the buffer that it was given',
    async check(store) {
      const record = newRecord()
      await store.create(record)
      async function* content() {
        const buffer = Buffer.from('first ')
        yield buffer
        buffer.write('second')
        yield buffer
      }
      await store.write(record.id, 0, { key: 'a', kind: 'bytes', content: content() })
      assert.equal(await textAt(store, record.id, 'a'), 'bytes: first second')
    },
  },
  {
    promise: 'shows the old value until all of the new one is there',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      await putText(store, record, 'a', 'old', 'bytes')
      async function* content() {
        yield Buffer.alloc(3 * MiB, 'n')
        assert.equal(await textAt(other, record.id, 'a'), 'bytes: old')
        assert.deepEqual(await other.list(record.id), [{ key: 'a', kind: 'bytes', bytes: 3 }])
        yield Buffer.from('!')
      }
      await store.write(record.id, 0, { key: 'a', kind: 'bytes', content: content() })
      assert.deepEqual(await other.list(record.id), [{ key: 'a', kind: 'bytes', bytes: 3 * MiB + 1 }])
    },
  },
  {
    promise: 'keeps the old value when the content of the new one fails',
    async check(store) {
      const record = newRecord()
      await store.create(record)
      await putText(store, record, 'a', 'old', 'bytes')
      async function* content() {
        yield Buffer.alloc(3 * MiB)
        throw new Error('the upload broke off')
      }
      const write = store.write(record.id, 0, { key: 'a', kind: 'bytes', content: content() })
      await assert.rejects(write, /the upload broke off/)
      assert.equal(await textAt(store, record.id, 'a'), 'bytes: old')
      assert.deepEqual(await store.list(record.id), [{ key: 'a', kind: 'bytes', bytes: 3 }])
    },
  },
  {
    promise: 'lets one of two writers of a key win, whole',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      await Promise.all([
        store.write(record.id, 0, { key: 'a', kind: 'bytes', content: streamOf('aaa', 'aaa') }),
        other.write(record.id, 0, { key: 'a', kind: 'bytes', content: streamOf('bbb', 'bbb') }),
      ])
      assert.match((await textAt(store, record.id, 'a')) ?? '', /^bytes: (aaaaaa|bbbbbb)$/)
    },
  },
  ...epochCases,
  {
    promise: 'destroys a session with all its values, and refuses a put in the midst of which that happened',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      await putText(store, record, 'a', '1')
      async function* content() {
        yield Buffer.alloc(2 * MiB)
        assert.equal(await other.destroy(record.id, 0), true)
        yield Buffer.alloc(1)
      }
      const write = store.write(record.id, 0, { key: 'b', kind: 'bytes', content: content() })
      await assert.rejects(write, SessionNotFoundError)
      assert.equal(await store.look(record.id), undefined)
      assert.deepEqual(await store.list(record.id), [])
      assert.equal(await store.destroy(record.id, 0), false)
    },
  },
  {
    promise: 'keeps sessions apart',
    async check(store) {
      const [one, two] = [newRecord(), newRecord()]
      await store.create(one)
      await store.create(two)
      await putText(store, one, 'a', '1')
      await putText(store, two, 'a', '2')
      await store.destroy(one.id, 0)
      assert.equal(await textAt(store, two.id, 'a'), 'json: 2')
    },
  },
]

const places: readonly (readonly [string, () => Promise<Place>])[] = [
  ['memory', memoryPlace],
  ['file', filePlace],
  ['redis', redisPlace],
]

for (const [name, makePlace] of places) {
  describe(`the ${name} store`, () => {
    let place: Place
    before(async () => {
      place = await makePlace()
    })
    after(() => place[Symbol.asyncDispose]())
    for (const { promise, check } of cases) {
      test(promise, async () => check(await place.open(), await place.open()))
    }
  })
}

test('a key must be text that a file name can hold', () => {
  for (const key of ['', '\ud800', 'k'.repeat(201), '/'.repeat(67), 1 as unknown as string]) {
    assert.throws(() => checkKey(key), { code: 'LIMPET_REPLICA_BAD_KEY' })
  }
  checkKey('/'.repeat(66) + randomUUID().slice(0, 2))
})

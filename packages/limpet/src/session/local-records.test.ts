import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { LocalRecords, type RecordStore } from './local-records.ts'
import { mostRecordLength, type SessionMove, type SessionRecord } from './session-record.ts'

const key = (word: number) => Uint32Array.of(word, 0, 0, 7)
/** A record of 100 characters. */
const recordOf = (name: string): SessionRecord => ({
  epoch: 0,
  ttlMs: 60_000,
  replica: 1,
  idAtReplica: name,
  opening: 'x'.repeat(100 - name.length),
  settings: [],
})
/** A move to another replica. */
const to = (epoch: number, idAtReplica: string): SessionMove => ({ replica: 2, epoch, idAtReplica })

describe('records in the memory of a thread', () => {
  let records: LocalRecords

  beforeEach(() => {
    records = new LocalRecords(undefined, 300)
  })

  /** Which of these sessions have a record; asking is a use. */
  async function known(...words: readonly number[]): Promise<number[]> {
    const found = await Promise.all(words.map((word) => records.read(key(word), 0)))
    return words.filter((_, at) => found[at] !== undefined)
  }

  test('are read as they were written, by a key that may change as soon as the call is over', async () => {
    const mine = key(1)
    records.begin(mine, recordOf('a'))
    mine.fill(9)
    assert.deepEqual(await records.read(key(1), 0), recordOf('a'))
    assert.equal(await records.read(mine, 0), undefined)
    assert.deepEqual(records.counts, { kept: 1, length: 100, dropped: 0 })
  })

  test('are of one session each, however alike their keys are', async () => {
    const alike = [Uint32Array.of(1, 23, 0, 0), Uint32Array.of(12, 3, 0, 0), Uint32Array.of(0, 0, 1, 23)]
    for (const [at, one] of alike.entries()) records.begin(one, { ...recordOf('a'), opening: `${at}` })
    for (const [at, one] of alike.entries()) assert.equal((await records.read(one, 0))?.opening, `${at}`)
  })

  test('give way to others where there is no room, the longest untouched first', async () => {
    for (const word of [1, 2, 3]) records.begin(key(word), recordOf(`${word}`))
    assert.deepEqual(await known(1), [1])
    records.begin(key(4), recordOf('4'))
    assert.deepEqual(records.counts, { kept: 3, length: 300, dropped: 1 })
    assert.deepEqual(await known(2, 3, 4, 1), [3, 4, 1])
    records.change(key(3), { name: 'n', content: 'c' })
    assert.deepEqual(records.counts, { kept: 2, length: 202, dropped: 2 })
    assert.deepEqual(await known(4, 1, 3), [1, 3])
    await records.move(key(1), to(5, '1'))
    records.begin(key(5), recordOf('5'))
    assert.deepEqual(await known(3, 1, 5), [1, 5])
  })

  test('are counted once where one is written again', () => {
    records.begin(key(1), recordOf('a'))
    records.begin(key(1), { ...recordOf('a'), opening: 'x' })
    assert.deepEqual(records.counts, { kept: 1, length: 2, dropped: 0 })
  })

  test('are none where one alone is longer than all may be', async () => {
    records.begin(key(1), recordOf('a'))
    records.begin(key(2), { ...recordOf('b'), opening: 'x'.repeat(300) })
    assert.deepEqual(records.counts, { kept: 0, length: 0, dropped: 2 })
    assert.deepEqual(await known(1, 2), [])
  })

  test('are none where one is longer than any may be', async () => {
    records = new LocalRecords()
    records.begin(key(1), { ...recordOf('a'), opening: 'x'.repeat(mostRecordLength - 1) })
    records.begin(key(2), { ...recordOf('a'), opening: 'x'.repeat(mostRecordLength) })
    assert.deepEqual(records.counts, { kept: 1, length: mostRecordLength, dropped: 1 })
    assert.deepEqual(await known(1, 2), [1])
  })

  test('are let go of where a setting makes one too long: half a session is worse than none', async () => {
    records = new LocalRecords()
    records.begin(key(1), recordOf('a'))
    records.change(key(1), { name: 'n', content: 'x'.repeat(mostRecordLength) })
    assert.deepEqual(records.counts, { kept: 0, length: 0, dropped: 1 })
    assert.deepEqual(await known(1), [])
  })

  test('have the settings that were made, in their order', async () => {
    records.begin(key(1), recordOf('a'))
    for (const [name, content] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
      ['b', undefined],
    ] as const)
      records.change(key(1), { name, content })
    assert.deepEqual((await records.read(key(1), 0))?.settings, [['a', '3']])
    assert.equal(records.counts.length, 102)
    records.change(key(2), { name: 'a', content: '1' })
    assert.equal(records.counts.kept, 1)
  })

  test('tell where a session moved, and never back to where it was before', async () => {
    records.begin(key(1), recordOf('a'))
    records.change(key(1), { name: 'n', content: 'c' })
    const moved = { ...recordOf('a'), ...to(2, 'b'), settings: [['n', 'c']] }
    // Two at once, of which the first stands.
    const moves = [to(2, 'b'), to(2, 'late'), to(1, 'late')].map((move) => records.move(key(1), move))
    assert.deepEqual(await Promise.all(moves), [moved, moved, moved])
    assert.deepEqual(await records.move(key(1), { ...to(1, 'late'), replica: 3 }), moved)
    assert.deepEqual(await records.read(key(1), 2), moved)
    assert.equal(await records.move(key(2), to(1, 'b')), undefined)
    assert.equal(await records.read(key(2), 1), undefined)
  })

  test('have what is set by the request that moves the session, and nothing is left where that ends it', async () => {
    records.begin(key(1), recordOf('a'))
    void records.move(key(1), to(1, 'b'))
    records.change(key(1), { name: 'n', content: 'c' })
    void records.move(key(1), to(2, 'c'))
    records.change(key(1), { name: 'm', content: 'd' })
    await new Promise((resolve) => setImmediate(resolve))
    const { epoch, settings } = (await records.read(key(1), 0))!
    assert.deepEqual(
      [epoch, new Map(settings)],
      [
        2,
        new Map([
          ['n', 'c'],
          ['m', 'd'],
        ]),
      ],
    )
    void records.move(key(1), to(3, 'd'))
    records.end(key(1))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(records.counts, { kept: 0, length: 0, dropped: 0 })
  })

  test('are what there is, where one of a higher epoch was asked for', async () => {
    records.begin(key(1), recordOf('a'))
    assert.equal((await records.read(key(1), 5))?.epoch, 0)
  })

  test('end', async () => {
    records.begin(key(1), recordOf('a'))
    records.end(key(1))
    records.end(key(2))
    assert.deepEqual(records.counts, { kept: 0, length: 0, dropped: 0 })
    assert.deepEqual(await known(1), [])
  })

  test('tell of the stream of a session, and of no other, that it has followed', async () => {
    const followed: string[] = []
    records.streams(key(1), 0)
    void records.followed(key(1), 1).then(() => followed.push('mine'))
    await records.followed(key(2), 1)
    records.streams(key(2), 1)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(followed, [])
    records.streams(key(1), 1)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(followed, ['mine'])
    const closed = records.followed(key(1), 2)
    records.streams(key(1), undefined)
    await closed
  })
})

describe('records that are in a store, too', () => {
  let stored: Map<string, SessionRecord>
  let asked: string[]
  let claimed: string[]
  let records: LocalRecords
  const store: RecordStore = {
    write: (name, record) => void stored.set(name, record),
    remove: (name) => void stored.delete(name),
    claim: async (name, record) => {
      claimed.push(name)
      await new Promise((resolve) => setImmediate(resolve))
      const standing = stored.get(name)
      if (standing !== undefined && standing.epoch >= record.epoch) return standing
      stored.set(name, record)
      return undefined
    },
    read: async (name) => {
      asked.push(name)
      return stored.get(name)
    },
  }
  const name = '00000001000000000000000100000007'

  beforeEach(() => {
    stored = new Map()
    asked = []
    claimed = []
    records = new LocalRecords(store, 300)
  })

  test('are written with each change, and taken out with the session', async () => {
    records.begin(key(1), recordOf('a'))
    assert.deepEqual([...stored], [[name, recordOf('a')]])
    records.change(key(1), { name: 'n', content: 'c' })
    const moved = { ...recordOf('a'), ...to(1, 'b'), settings: [['n', 'c']] }
    assert.deepEqual(await records.move(key(1), to(1, 'b')), moved)
    assert.deepEqual([...stored], [[name, moved]])
    records.end(key(1))
    assert.equal(stored.size, 0)
    assert.deepEqual([asked, claimed], [[], [name]])
  })

  test('are claimed there by who moves a session, which goes on where another has moved it before', async () => {
    const other = new LocalRecords(store, 300)
    records.begin(key(1), recordOf('a'))
    const moves = [other.move(key(1), { ...to(1, 'b'), replica: 3 }), records.move(key(1), to(1, 'c'))]
    const standing = { ...recordOf('a'), ...to(1, 'c') }
    assert.deepEqual(await Promise.all(moves), [standing, standing])
    // Both know of it from now on.
    asked = []
    for (const all of [records, other]) assert.deepEqual(await all.read(key(1), 1), standing)
    assert.deepEqual(asked, [])
  })

  test('have what is set while it is claimed, wherever the session lives on then', async () => {
    records.begin(key(1), recordOf('a'))
    for (const [idAtReplica, standing] of [
      ['b', 'b'],
      ['late', 'c'],
    ] as const) {
      const { epoch } = (await records.read(key(1), 0))!
      if (idAtReplica === 'late') stored.set(name, { ...recordOf('c'), epoch: epoch + 1 })
      const move = records.move(key(1), to(epoch + 1, idAtReplica))
      records.change(key(1), { name: 'n', content: idAtReplica })
      await move
      await new Promise((resolve) => setImmediate(resolve))
      for (const record of [stored.get(name), await records.read(key(1), 0)])
        assert.deepEqual(
          [record?.epoch, record?.idAtReplica, record?.settings],
          [epoch + 1, standing, [['n', idAtReplica]]],
        )
    }
  })

  test('are not there any more where the session ends while it is claimed', async () => {
    records.begin(key(1), recordOf('a'))
    const move = records.move(key(1), to(1, 'b'))
    records.end(key(1))
    await move
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([stored.size, records.counts.kept], [0, 0])
  })

  test('are written there again where their sessions are used, as far as they are here', () => {
    records.begin(key(1), recordOf('a'))
    stored.clear()
    records.touch(name)
    records.touch('00000002000000000000000100000007')
    assert.deepEqual([...stored], [[name, recordOf('a')]])
  })

  test('are taken from it where they are not here, and not asked for again', async () => {
    stored.set(name, recordOf('a'))
    assert.deepEqual(await records.read(key(1), 0), recordOf('a'))
    assert.deepEqual(await records.read(key(1), 0), recordOf('a'))
    assert.deepEqual(asked, [name])
    assert.equal(records.counts.kept, 1)
  })

  test('are taken from it where the session has moved by another router', async () => {
    records.begin(key(1), recordOf('a'))
    stored.set(name, { ...recordOf('b'), epoch: 2 })
    assert.equal((await records.read(key(1), 0))?.idAtReplica, 'a')
    assert.equal((await records.read(key(1), 1))?.idAtReplica, 'b')
    assert.equal((await records.read(key(1), 2))?.idAtReplica, 'b')
    assert.equal(asked.length, 1)
  })

  test('are not taken from it where what it has is older', async () => {
    records.begin(key(1), { ...recordOf('a'), epoch: 3 })
    stored.set(name, { ...recordOf('b'), epoch: 2 })
    assert.equal((await records.read(key(1), 4))?.idAtReplica, 'a')
  })

  test('stay in it where there is no room here', async () => {
    for (const word of [1, 2, 3, 4]) records.begin(key(word), recordOf(`${word}`))
    assert.deepEqual([stored.size, records.counts.kept], [4, 3])
    assert.equal((await records.read(key(1), 0))?.idAtReplica, '1')
  })

  test('are changed there where they are not here', async () => {
    stored.set(name, recordOf('a'))
    records.change(key(1), { name: 'n', content: 'c' })
    assert.deepEqual((await records.read(key(1), 0))?.settings, [['n', 'c']])
    assert.deepEqual(stored.get(name)?.settings, [['n', 'c']])
  })
})

describe('records whose store fails', () => {
  const broken: RecordStore = {
    write: () => undefined,
    remove: () => undefined,
    claim: async () => undefined,
    read: () => Promise.reject(new Error('the store is gone')),
  }

  test('are those that are here', async () => {
    const records = new LocalRecords(broken)
    records.begin(key(1), recordOf('a'))
    assert.equal((await records.read(key(1), 1))?.idAtReplica, 'a')
    assert.equal(await records.read(key(2), 0), undefined)
    records.change(key(2), { name: 'n', content: 'c' })
    assert.equal(await records.move(key(2), to(1, 'b')), undefined)
    assert.equal((await records.move(key(1), to(1, 'b')))?.idAtReplica, 'b')
    await new Promise((resolve) => setImmediate(resolve))
  })
})

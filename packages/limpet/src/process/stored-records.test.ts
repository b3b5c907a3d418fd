import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { LocalRecords } from '../session/local-records.ts'
import type { SessionRecord } from '../session/session-record.ts'
import type { ReplicaNames } from '../session/shared-record.ts'
import { memoryStore } from '../session/store/memory-store.ts'
import type { OpenPinStore, PinStore, StoredNote } from '../session/store/pin-store.ts'
import { StoredRecords } from './stored-records.ts'

const key = '00000001000000020000000300000004'
const hash = Uint32Array.of(1, 2, 3, 4)
const record: SessionRecord = {
  epoch: 0,
  ttlMs: 60_000,
  replica: 1,
  idAtReplica: 'a',
  opening: '{"ä":"€"}',
  settings: [['n', '{"c":1}']],
}

/** Replicas `1`, `2` and so on, whose ids a router makes up by adding `offset`. */
const namesBy = (offset: number): ReplicaNames => ({
  nameOf: (id) => (id - offset < 10 ? { service: 'chat', replica: `${id - offset}` } : undefined),
  findId: (_, replica) => Number(replica) + offset,
})

interface SampleRouter {
  readonly store: PinStore
  readonly stored: StoredRecords
  readonly records: LocalRecords
  /** What went to the store, call by call. */
  readonly written: (readonly StoredNote[])[]
  /** The store can't be used from now on, or again. */
  isDown: boolean
}

describe('records of sessions in a store', () => {
  let open: OpenPinStore
  /** Two routers; the second has other ids for replicas. */
  let one: SampleRouter
  let other: SampleRouter

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
    open = memoryStore()
    one = await router(0)
    other = await router(100)
  })

  afterEach(() => mock.timers.reset())

  async function router(offset: number): Promise<SampleRouter> {
    const events = { changed: () => undefined, invalid: assert.fail, failed: assert.fail }
    const store = await open(events, new AbortController().signal)
    const written: (readonly StoredNote[])[] = []
    const watched: PinStore = {
      ...store,
      writeNotes: (notes) => {
        written.push(notes)
        return store.writeNotes(notes)
      },
    }
    const use = async <T>(call: (store: PinStore) => Promise<T>): Promise<T> => {
      if (sample.isDown) throw new Error('the store is down')
      return call(watched)
    }
    const stored = new StoredRecords({ use }, namesBy(offset))
    const sample = { store, stored, records: new LocalRecords(stored), written, isDown: false }
    return sample
  }

  /** Lets happen what waits for nothing but this thread. */
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  /** The same record as the other router knows it. */
  const there = (of: SessionRecord): SessionRecord => ({ ...of, replica: of.replica + 100 })

  test('are written within 30 ms, all that wait at once and each in its last state', async () => {
    const second = key.replace('1', '9')
    one.stored.write(key, { ...record, settings: [] })
    mock.timers.tick(29)
    one.stored.write(second, record)
    one.stored.write(key, record)
    assert.deepEqual(await one.stored.read(key), record)
    assert.deepEqual([one.written.length, await other.stored.read(key)], [0, undefined])
    mock.timers.tick(1)
    await settle()
    assert.deepEqual(
      one.written.map((notes) => notes.map((note) => note.key).toSorted()),
      [[key, second]],
    )
    for (const name of [key, second]) assert.deepEqual(await other.stored.read(name), there(record))
    one.stored.write(key, record)
    mock.timers.tick(30)
    assert.equal(one.written.length, 2)
  })

  test('are written at once where that is asked for, and not again', async () => {
    one.stored.write(key, record)
    await one.stored.flush()
    assert.deepEqual(await other.stored.read(key), there(record))
    await one.stored.flush()
    mock.timers.tick(1000)
    assert.equal(one.written.length, 1)
  })

  test('are taken out with their sessions at once, and not begun anew by who still has them', async () => {
    one.records.begin(hash, { ...record, epoch: 7 })
    await one.stored.flush()
    other.stored.remove(key)
    await new Promise((resolve) => setImmediate(resolve))
    for (const { stored } of [one, other]) assert.equal(await stored.read(key), undefined)
    assert.equal(await one.stored.claim(key, { ...record, epoch: 8 }), 'ended')
    assert.equal(
      await one.records.move(hash, { replica: record.replica, epoch: 8, idAtReplica: 'b' }),
      undefined,
    )
    assert.equal(await one.records.read(hash, 0), undefined)
    one.stored.write(key, { ...record, epoch: 9 })
    await one.stored.flush()
    assert.equal(await other.stored.read(key), undefined)
  })

  test('outlive the time of their sessions a little, counted from the last use', async () => {
    one.records.begin(hash, record)
    await one.stored.flush()
    mock.timers.tick(60_000)
    assert.notEqual(await other.stored.read(key), undefined)
    one.records.touch(key)
    await one.stored.flush()
    mock.timers.tick(140_000)
    assert.notEqual(await other.stored.read(key), undefined)
    mock.timers.tick(20_000)
    assert.equal(await other.stored.read(key), undefined)
  })

  test('are claimed by the first of those who move a session at once, and all go on there', async () => {
    one.records.begin(hash, record)
    await one.stored.flush()
    const moves = await Promise.all([
      one.records.move(hash, { replica: 2, epoch: 1, idAtReplica: 'mine' }),
      other.records.move(hash, { replica: 103, epoch: 1, idAtReplica: 'theirs' }),
    ])
    const [mine, theirs] = moves as [SessionRecord, SessionRecord]
    assert.deepEqual(theirs, there(mine))
    assert.ok(mine.idAtReplica === 'mine' ? mine.replica === 2 : mine.replica === 3)
    assert.deepEqual([mine.epoch, mine.opening, mine.settings], [1, record.opening, record.settings])
    for (const { stored, records } of [one, other]) {
      // Who lost must not write what it had meant to claim.
      await stored.flush()
      assert.equal((await records.read(hash, 1))?.idAtReplica, mine.idAtReplica)
    }
    assert.deepEqual(await (await router(0)).records.read(hash, 1), mine)
  })

  test('stand as they were claimed, whatever waited to be written or comes too late', async () => {
    const claimed = { ...record, epoch: 1, idAtReplica: 'b' }
    one.stored.write(key, record)
    assert.equal(await one.stored.claim(key, claimed), undefined)
    assert.deepEqual(await one.stored.read(key), claimed)
    for (const late of [there(record), { ...there(claimed), idAtReplica: 'c' }]) {
      assert.deepEqual(await other.stored.claim(key, late), there(claimed))
      other.stored.write(key, late)
      await other.stored.flush()
    }
    await one.stored.flush()
    for (const { stored } of [one, await router(0)]) assert.deepEqual(await stored.read(key), claimed)
  })

  test('may still change for who claimed them', async () => {
    const claimed = { ...record, epoch: 1, idAtReplica: 'b' }
    await one.stored.claim(key, claimed)
    one.stored.write(key, { ...claimed, settings: [] })
    await one.stored.flush()
    assert.deepEqual(await other.stored.read(key), { ...there(claimed), settings: [] })
    assert.equal(await other.stored.claim(key, { ...claimed, epoch: 2, idAtReplica: 'd' }), undefined)
  })

  test('are those of this router alone while the store is down, and nothing fails', async () => {
    one.isDown = true
    one.records.begin(hash, record)
    await one.stored.flush()
    assert.equal(await one.stored.read(key), undefined)
    const moved = { ...record, replica: 2, epoch: 1, idAtReplica: 'b' }
    assert.deepEqual(await one.records.move(hash, { replica: 2, epoch: 1, idAtReplica: 'b' }), moved)
    one.isDown = false
    assert.equal(await other.stored.read(key), undefined)
    // With the next use of the session it is there.
    one.records.touch(key)
    await one.stored.flush()
    assert.deepEqual(await other.stored.read(key), there(moved))
  })

  test('are not written where their replica has no name any more, and hinder no others', async () => {
    const second = key.replace('1', '9')
    one.stored.write(key, { ...record, replica: 99 })
    one.stored.write(second, record)
    await one.stored.flush()
    assert.equal(await other.stored.read(key), undefined)
    assert.deepEqual(await other.stored.read(second), there(record))
    assert.equal(await one.stored.claim(key, { ...record, replica: 99 }), undefined)
  })

  test('are none where what the store has is none', async () => {
    const note = { key, version: 0, owner: 'ff', text: '{"epoch":', expiresAtMs: Date.now() + 60_000 }
    await one.store.writeNotes([note])
    assert.equal(await one.stored.read(key), undefined)
  })

  test('wait in bounded number; of those that do, each may still change', async () => {
    const nameOf = (at: number) => at.toString(16).padStart(32, '0')
    for (let at = 0; at <= 10_000; at++) one.stored.write(nameOf(at), record)
    one.stored.write(nameOf(0), { ...record, settings: [] })
    await one.stored.flush()
    assert.equal(one.written[0]?.length, 10_000)
    assert.deepEqual((await other.stored.read(nameOf(0)))?.settings, [])
    assert.equal(await other.stored.read(nameOf(10_000)), undefined)
  })
})

/** For tests: the part of the stores' table of cases that is about epochs. */
import assert from 'node:assert/strict'
import { StaleEpochError } from '../errors.ts'
import { newRecord, putText, textAt } from './place.fixture.ts'
import type { SessionStore } from './store.ts'

const MiB = 1024 * 1024

export interface StoreCase {
  readonly promise: string
  /** `other` is another store object at the same place. */
  check(store: SessionStore, other: SessionStore): Promise<void>
}

export const epochCases: readonly StoreCase[] = [
  {
    promise: 'raises the epoch on use and refuses every change of an older one',
    async check(store, other) {
      const record = newRecord()
      const { id } = record
      await store.create(record)
      await putText(store, record, 'a', '"first"')
      assert.equal((await other.open(id, 2))?.epoch, 2)
      assert.equal((await store.look(id))?.epoch, 2)
      const older = { epoch: 1, storedEpoch: 2 }
      for (const change of [
        () => putText(store, { ...record, epoch: 1 }, 'a', '"late"'),
        () => store.remove(id, 1, 'a'),
        () => store.destroy(id, 1),
        () => store.open(id, 1),
        () => store.touch({ ...record, epoch: 1, idleMs: 1, usedAtMs: 1 }, 2),
      ]) {
        await assert.rejects(change(), (error: unknown) => {
          assert.ok(error instanceof StaleEpochError)
          assert.deepEqual({ epoch: error.epoch, storedEpoch: error.storedEpoch }, older)
          return true
        })
      }
      assert.equal(await textAt(store, id, 'a'), 'json: "first"')
      await putText(other, { ...record, epoch: 2 }, 'a', '"second"')
      assert.equal(await textAt(store, id, 'a'), 'json: "second"')
    },
  },
  {
    promise: 'refuses a put in the midst of which the session moved, and leaves nothing of it',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      async function* content() {
        yield Buffer.alloc(2 * MiB)
        await other.open(record.id, 1)
        await putText(other, { ...record, epoch: 1 }, 'a', '"successor"')
        yield Buffer.alloc(2 * MiB)
      }
      const write = store.write(record.id, 0, { key: 'a', kind: 'bytes', content: content() })
      await assert.rejects(write, StaleEpochError)
      assert.equal(await textAt(store, record.id, 'a'), 'json: "successor"')
      assert.deepEqual(await store.list(record.id), [{ key: 'a', kind: 'json', bytes: 11 }])
    },
  },
  {
    promise: 'gives each of many claims an epoch of its own, of which the highest may write',
    async check(store, other) {
      const record = newRecord({ epoch: 4 })
      const { id } = record
      await store.create(record)
      assert.equal((await other.claim(id, 0))?.epoch, 5)
      assert.equal((await store.claim(id, 9))?.epoch, 9)
      const claims = Array.from({ length: 8 }, (_, i) => (i % 2 ? store : other).claim(id, 0))
      const epochs: number[] = []
      for (const claim of await Promise.allSettled(claims)) {
        if (claim.status === 'fulfilled') epochs.push(claim.value!.epoch)
        else assert.ok(claim.reason instanceof StaleEpochError, String(claim.reason))
      }
      assert.equal(new Set(epochs).size, epochs.length)
      const highest = Math.max(...epochs)
      assert.equal((await store.look(id))?.epoch, highest)
      await assert.rejects(putText(store, { ...record, epoch: highest - 1 }, 'a', '1'), StaleEpochError)
      await putText(store, { ...record, epoch: highest }, 'a', '2')
      assert.equal(await store.claim(newRecord().id, 0), undefined)
    },
  },
  {
    promise: 'gives the session to the higher of two epochs that come at once',
    async check(store, other) {
      const record = newRecord()
      await store.create(record)
      const epochs = [1, 2, 3, 4, 5, 6]
      const opened = await Promise.allSettled(
        epochs.map((epoch) => (epoch % 2 ? store : other).open(record.id, epoch)),
      )
      assert.equal(opened[5]?.status, 'fulfilled')
      for (const each of opened) {
        if (each.status === 'rejected') assert.ok(each.reason instanceof StaleEpochError, String(each.reason))
      }
      assert.deepEqual(await store.open(record.id, 6), { ...record, epoch: 6 })
    },
  },
]

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { lockBucket, unlockBucket } from './bucket-lock.ts'
import {
  bucketOf,
  bucketSlots,
  createPinMemory,
  entryWord,
  entryWords,
  type PinMemory,
  replicaSlots,
} from './pin-memory.ts'
import { PinTable } from './pin-table.ts'
import type { HammerOrder, HammerReport } from './pin-threads.test-worker.ts'

const nowMs = 1_800_000_000_000
const ttlMs = 3_600_000

/** 32 keys (a power of two, as the threads' replica ids need) that share three buckets and fit into them. */
function contendedKeys(memory: PinMemory): Uint32Array[] {
  const word = (bucket: number): number => Math.ceil((bucket * 0x100000000) / memory.buckets)
  const pairs = [
    [0, 1],
    [2, 1],
    [2, 0],
  ] as const
  return Array.from({ length: 32 }, (_, index) => {
    const [bucket1, bucket2] = pairs[index % 3]!
    return Uint32Array.of(word(bucket1), word(bucket2), 7, index)
  })
}

/** What the table holds, read from its memory: each pin's key as text, and how many name each replica slot. */
function recount(memory: PinMemory): { keys: string[]; bySlot: Int32Array } {
  const tags = new Int32Array(memory.tags)
  const entries = new Int32Array(memory.entries)
  const keys: string[] = []
  const bySlot = new Int32Array(replicaSlots)
  for (let slot = 0; slot < memory.buckets * bucketSlots; slot++) {
    if (tags[slot] === 0) continue
    const entry = entries.subarray(slot * entryWords, (slot + 1) * entryWords)
    keys.push([entry[entryWord.key0], entry[entryWord.key1], tags[slot], entry[entryWord.key3]].join())
    bySlot[entry[entryWord.replica]! & (replicaSlots - 1)]! += 1
  }
  return { keys, bySlot }
}

async function hammer(
  memory: PinMemory,
  work: HammerOrder['work'],
  threads: number,
  calls: number,
): Promise<{ workers: Worker[]; go(): void }> {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const keys = contendedKeys(memory)
  const workers = Array.from({ length: threads }, (_, thread) => {
    const workerData: HammerOrder = { work, memory, keys, start: gate.buffer, calls, nowMs, thread }
    return new Worker(new URL('./pin-threads.test-worker.ts', import.meta.url), { workerData })
  })
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  return {
    workers,
    go: () => {
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
    },
  }
}

describe('threads that share a table', () => {
  test('never see a pin of another key, make none twice, and count exactly', {
    timeout: 60_000,
  }, async () => {
    const memory = createPinMemory({ capacity: 20, nowMs })
    const table = new PinTable(memory)
    const { workers, go } = await hammer(memory, 'mix', 3, 100_000)
    const reports = workers.map((worker) => once(worker, 'message') as Promise<[HammerReport]>)
    go()
    const done = (await Promise.all(reports)).map(([report]) => report)

    const total = (what: keyof HammerReport): number => done.reduce((sum, report) => sum + report[what], 0)
    const stats = table.stats()
    assert.equal(stats.evictedLive, 0)
    assert.equal(stats.moved, total('moved'))
    assert.equal(stats.removed, total('removed'))
    assert.equal(stats.live, stats.inserted - stats.removed)
    // A move of a pin that was removed just before also inserts.
    assert.ok(stats.inserted >= total('inserted') && stats.inserted <= total('inserted') + total('moved'))
    for (const what of ['inserted', 'moved', 'removed'] as const)
      assert.ok(total(what) > 1000, `${what} was tried`)

    const { keys, bySlot } = recount(memory)
    assert.equal(new Set(keys).size, keys.length)
    assert.equal(table.live, keys.length)
    for (let slot = 0; slot < replicaSlots; slot++)
      assert.equal(table.liveOf(slot), bySlot[slot], `slot ${slot}`)
    for (const version of new Int32Array(memory.versions)) assert.equal(version & 1, 0)
  })

  test('never see one half of a pin from before a move and one from after it', {
    timeout: 60_000,
  }, async () => {
    const memory = createPinMemory({ capacity: 20, nowMs })
    const table = new PinTable(memory)
    const [key] = contendedKeys(memory)
    const { workers, go } = await hammer(memory, 'shuttle', 1, Number.POSITIVE_INFINITY)
    go()
    let torn = 0
    let finds = 0
    const movesAtLeast = 5_000_000
    while (table.stats().moved < movesAtLeast) {
      for (let call = 0; call < 1000; call++) {
        if (!table.find(key!, nowMs, ttlMs)) continue
        finds++
        if (table.replica !== 1 + (table.epoch & 1)) torn++
      }
      await new Promise(setImmediate)
    }
    await Promise.all(workers.map((worker) => worker.terminate()))
    assert.equal(torn, 0, `of ${finds}`)
    assert.ok(finds > 0)
  })

  test('go on when one of them is ended in the middle', { timeout: 60_000 }, async () => {
    const memory = createPinMemory({ capacity: 20, nowMs })
    const table = new PinTable(memory)
    const { workers, go } = await hammer(memory, 'mix', 1, Number.POSITIVE_INFINITY)
    go()
    while (table.stats().moved < 1000) await new Promise(setImmediate)
    await Promise.all(workers.map((worker) => worker.terminate()))
    for (const key of contendedKeys(memory)) {
      table.remove(key)
      assert.equal(table.insert(key, 1, nowMs, ttlMs, 0), true)
      assert.equal(table.find(key, nowMs, ttlMs), true)
    }
    assert.equal(new Set(recount(memory).keys).size, 32)
  })
})

describe('a lock that a dead thread holds', () => {
  const calls: Record<string, (table: PinTable, key: Uint32Array) => boolean> = {
    find: (table, key) => table.find(key, nowMs, ttlMs),
    'a find that slides': (table, key) => table.find(key, nowMs + 60_000, ttlMs),
    insert: (table, key) => !table.insert(key, 2, nowMs, ttlMs, 0),
    move: (table, key) => table.move(key, 1, 2, nowMs, ttlMs, 0),
    remove: (table, key) => table.remove(key),
    sweep: (table) => table.sweep(nowMs + 2 * ttlMs, 0, 1000) === 0,
  }
  for (const [name, call] of Object.entries(calls)) {
    test(`is taken over by ${name}, and is free afterwards`, { timeout: 10_000 }, () => {
      const memory = createPinMemory({ capacity: 100, nowMs })
      const table = new PinTable(memory)
      const key = Uint32Array.of(0x80000000, 0x10000000, 3, 4)
      table.insert(key, 1, nowMs, ttlMs, 0)
      const versions = new Int32Array(memory.versions)
      const buckets = [key[0]!, key[1]!].map((word) => bucketOf(word, memory.buckets))
      for (const bucket of buckets) Atomics.add(versions, bucket, 1)
      assert.equal(call(table, key), true)
      // What comes after is served at once or waits for the bucket that the call did not need.
      assert.equal(table.remove(key), name !== 'remove' && name !== 'sweep')
      for (const bucket of buckets) assert.equal(versions[bucket]! & 1, 0)
    })
  }

  test("stays its new holder's when the old one was only slow", () => {
    const memory = createPinMemory({ capacity: 100, nowMs })
    const versions = new Int32Array(memory.versions)
    const fenceWord = new Int32Array(1)
    const slow = lockBucket(versions, fenceWord, 5)
    const mine = lockBucket(versions, fenceWord, 5)
    unlockBucket(versions, 5, slow)
    assert.equal(versions[5], mine)
    unlockBucket(versions, 5, mine)
    assert.equal(versions[5]! & 1, 0)
  })
})

/** One of the threads of pin-threads.test.ts: uses the same few pins as the others, as fast as it can. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import type { PinMemory } from './pin-memory.ts'
import { PinTable } from './pin-table.ts'

/** What a hammering thread is given. */
export interface HammerOrder {
  /** `mix` does all that can be done with all keys; `shuttle` moves the first key's pin to and fro. */
  readonly work: 'mix' | 'shuttle'
  readonly memory: PinMemory
  /** A pin of key `n` only ever names replicas whose low bits, below `keys.length`, are `n`. */
  readonly keys: readonly Uint32Array[]
  /** One Int32: threads wait in it for the common start. */
  readonly start: SharedArrayBuffer
  /** Infinity: until the thread is ended. */
  readonly calls: number
  readonly nowMs: number
  readonly thread: number
}

/** What it did, by its own account. */
export interface HammerReport {
  readonly inserted: number
  readonly moved: number
  readonly removed: number
}

const { work, memory, keys, start, calls, nowMs, thread } = workerData as HammerOrder
const table = new PinTable(memory)
const ttlMs = 3_600_000

function mix(): HammerReport {
  let inserted = 0
  let moved = 0
  let removed = 0
  for (let call = 0; call < calls; call++) {
    const index = Math.floor(Math.random() * keys.length)
    const key = keys[index]!
    const replica = ((call % 4096) * 8 + thread) * keys.length + index
    // Time passes, so that uses slide pins, and stays below the ttl, so that none expires.
    const atMs = nowMs + (call % 10_000) * 64
    const action = Math.random()
    let shows = true
    if (action < 0.6) shows = table.find(key, atMs, ttlMs)
    else if (action < 0.75) inserted += Number(table.insert(key, replica, atMs, ttlMs, 0))
    else if (action < 0.9) {
      shows = table.find(key, atMs, ttlMs)
      if (shows) moved += Number(table.move(key, table.replica, replica, atMs, ttlMs, 0))
    } else {
      removed += Number(table.remove(key))
      shows = false
    }
    if (shows) assert.equal(table.replica % keys.length, index, "a pin names another key's replica")
  }
  return { inserted, moved, removed }
}

/** The pin names replica 1 while its epoch is even, else 2. */
function shuttle(): HammerReport {
  const key = keys[0]!
  let moved = 0
  for (let call = 0; call < calls; call++) {
    if (call % 60_000 === 0) {
      table.remove(key)
      table.insert(key, 1, nowMs, ttlMs, 0)
    } else moved += Number(table.move(key, table.replica, 3 - table.replica, nowMs, ttlMs, 0))
  }
  return { inserted: 0, moved, removed: 0 }
}

const gate = new Int32Array(start)
parentPort!.postMessage('ready')
Atomics.wait(gate, 0, 0)
parentPort!.postMessage(work === 'mix' ? mix() : shuttle())

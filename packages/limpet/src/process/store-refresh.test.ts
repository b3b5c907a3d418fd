import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createPinMemory, noReplica } from '../session/pin-memory.ts'
import { PinTable } from '../session/pin-table.ts'
import { pinKey } from '../session/store/pin-store.ts'
import type { PinNote } from './journal-messages.ts'
import { StoreRefresh } from './store-refresh.ts'

const MINUTE = 60_000
const startMs = 1_700_000_000_000

/** A table, and the notes that rounds of a refresh make of it. */
function sample(keepsFor: (replica: number) => boolean = () => true) {
  const memory = createPinMemory({ capacity: 2000, nowMs: startMs })
  const pins = new PinTable(memory)
  const notes: PinNote[] = []
  const refresh = new StoreRefresh(memory, { note: (note) => notes.push(note) }, keepsFor)
  let nowMs = startMs
  return {
    pins,
    notes,
    get nowMs() {
      return nowMs
    },
    /** Rounds of 30 s; `use` is called before each. */
    rounds(count: number, use: (nowMs: number) => void = () => undefined) {
      for (let round = 0; round < count; round++) {
        use(nowMs)
        for (let slice = 0; slice < 30; slice++) {
          nowMs += 1000
          refresh.slice(nowMs)
        }
      }
    },
  }
}

function key(index: number): Uint32Array {
  return Uint32Array.of(index * 0x9e3779b1, index * 0x85ebca6b, index + 1, index)
}

describe('the refresh of a store', () => {
  test('tells it of each pin in use in every quarter of its ttl, and spreads them over the rounds', () => {
    const { pins, notes, rounds, nowMs } = sample()
    const keys = Array.from({ length: 500 }, (_, index) => key(index))
    for (const each of keys) pins.insert(each, 7, nowMs, 20 * MINUTE, 0)
    const perRound: number[] = []
    for (let quarter = 0; quarter < 10; quarter++) {
      const before = notes.length
      rounds(1, (now) => {
        for (const each of keys) pins.find(each, now, 20 * MINUTE)
      })
      perRound.push(notes.length - before)
    }
    assert.equal(new Set(notes.map((note) => note.key)).size, 500)
    // Rounds of a small table are a little shorter than 30 slices.
    assert.ok(notes.length < 600, `${notes.length} notes`)
    assert.ok(Math.max(...perRound) < 100, String(perRound))
    assert.deepEqual([notes[0]!.replica, notes[0]!.epoch], [7, 0])
    assert.ok(Math.abs(notes[0]!.ttlMs - 20 * MINUTE) < 1000)
  })

  test('does not keep alive what is not used', () => {
    const { pins, notes, rounds, nowMs } = sample()
    pins.insert(key(1), 7, nowMs, 20 * MINUTE, 0)
    rounds(40)
    assert.ok(notes.length <= 2, `${notes.length} notes`)
  })

  test('leaves out closed sessions, and those whose clients carry their home until they move', () => {
    const { pins, notes, rounds, nowMs } = sample((replica) => replica !== 8)
    pins.insert(key(1), 8, nowMs, MINUTE, 0)
    pins.insert(key(2), 8, nowMs, MINUTE, 0)
    pins.move(key(2), 8, 8, nowMs, MINUTE, 0)
    pins.close(key(3), nowMs, nowMs + MINUTE)
    rounds(1)
    assert.deepEqual(
      notes.map((note) => note.key),
      [pinKey(key(2))],
    )
    assert.ok(notes.every(({ replica }) => replica !== noReplica))
  })
})

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import { createPinMemory, noReplica, type PinMemory, pinMemoryBytes } from './pin-memory.ts'
import { PinTable } from './pin-table.ts'

const originMs = 1_800_000_000_000

/** Small and fast with a seed (mulberry32): a failing run can be had again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) % below
  }
}

function randomKey(random: (below: number) => number): Uint32Array {
  return Uint32Array.from({ length: 4 }, () => random(0x100000000))
}

/** A key whose only buckets are `bucket1` and `bucket2`. */
function keyIn(memory: PinMemory, bucket1: number, bucket2: number, rest: number): Uint32Array {
  const word = (bucket: number): number => Math.ceil((bucket * 0x100000000) / memory.buckets)
  return Uint32Array.of(word(bucket1), word(bucket2), rest, rest)
}

function newTable(capacity = 1000): { memory: PinMemory; table: PinTable } {
  const memory = createPinMemory({ capacity, nowMs: originMs })
  return { memory, table: new PinTable(memory) }
}

const key = Uint32Array.of(1, 2, 3, 4)
const ttlMs = 64_000

describe('a pin', () => {
  test('is found with its replica and epoch, by every table over the memory', () => {
    const { memory, table } = newTable()
    assert.equal(table.find(key, originMs, ttlMs), false)
    assert.equal(table.insert(key, 0xfffffff1, originMs, ttlMs, 0, 7), true)
    const other = new PinTable(memory)
    assert.equal(other.find(key, originMs, ttlMs), true)
    assert.deepEqual([other.replica, other.epoch], [0xfffffff1, 7])
  })

  test('is told apart from any that differs in one bit of the key', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0)
    for (let bit = 0; bit < 128; bit++) {
      const near = Uint32Array.from(key)
      near[bit >> 5]! ^= 1 << (bit & 31)
      assert.equal(table.find(near, originMs, ttlMs), false, `bit ${bit}`)
    }
  })

  test('is found when the word of its tag is 0', () => {
    const { table } = newTable()
    const zero = Uint32Array.of(1, 2, 0, 4)
    table.insert(zero, 9, originMs, ttlMs, 0)
    assert.equal(table.find(zero, originMs, ttlMs), true)
    assert.equal(table.remove(zero), true)
    assert.equal(table.live, 0)
  })

  test('stays with the first that inserts it, and the second learns whose it is', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0, 5)
    assert.equal(table.insert(key, 2, originMs, ttlMs, 0), false)
    assert.deepEqual([table.replica, table.epoch], [1, 5])
    assert.deepEqual([table.live, table.liveOf(1), table.liveOf(2)], [1, 1, 0])
  })

  test('knows how many its replica had when it came', () => {
    const { memory, table } = newTable()
    const other = new PinTable(memory)
    const keyAt = (index: number): Uint32Array => Uint32Array.of(index << 24, index << 16, index, index)
    const ranks = [1, 2, 3, 4].map((index) => {
      // By whichever table, and counted for each replica by itself.
      const by = index % 2 === 0 ? table : other
      assert.equal(by.insert(keyAt(index), 7, originMs, ttlMs, 0), true)
      const ofSeven = by.rank
      by.insert(keyAt(100 + index), 8, originMs, ttlMs, 0)
      return [ofSeven, by.rank]
    })
    assert.deepEqual(ranks, [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ])
    table.remove(keyAt(2))
    table.insert(keyAt(5), 7, originMs, ttlMs, 0)
    assert.equal(table.rank, 4)
    // An expired pin of the same key gives its place to the new one.
    table.insert(keyAt(5), 7, originMs + ttlMs, ttlMs, 0)
    assert.equal(table.rank, 4)
  })

  test('may name no replica, and then counts for none', () => {
    const { table } = newTable()
    table.insert(key, 5, originMs, ttlMs, 0)
    assert.equal(table.move(key, 5, noReplica, originMs, ttlMs, 0), true)
    assert.equal(table.find(key, originMs, ttlMs), true)
    assert.equal(table.replica, noReplica)
    assert.deepEqual([table.live, table.liveOf(5), table.liveOf(noReplica)], [1, 0, 0])
  })
})

describe("a pin's time", () => {
  test('ends its ttl after the last use', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0)
    assert.equal(table.find(key, originMs + ttlMs - 64, ttlMs), true)
    assert.equal(table.find(key, originMs + 2 * ttlMs - 128, ttlMs), true)
    assert.equal(table.find(key, originMs + 3 * ttlMs - 128, ttlMs), false)
    assert.equal(table.insert(key, 2, originMs + 3 * ttlMs - 128, ttlMs, 0), true)
    assert.deepEqual([table.live, table.stats().evictedExpired], [1, 1])
  })

  test('ends at its greatest age however much it is used, also when it was moved', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 2 * ttlMs)
    assert.equal(table.find(key, originMs + ttlMs - 64, ttlMs), true)
    assert.equal(table.move(key, 1, 2, originMs + ttlMs, ttlMs, 2 * ttlMs), true)
    assert.equal(table.find(key, originMs + 2 * ttlMs - 64, ttlMs), true)
    assert.equal(table.find(key, originMs + 2 * ttlMs, ttlMs), false)
  })

  test('is not written for uses closer together than 1/64 of the ttl', () => {
    const { memory, table } = newTable()
    const before = (): readonly number[] => Array.from(new Int32Array(memory.versions))
    table.insert(key, 1, originMs, ttlMs, 0)
    const versions = before()
    assert.equal(table.find(key, originMs + 999, ttlMs), true)
    assert.deepEqual(before(), versions)
    assert.equal(table.find(key, originMs + 1024, ttlMs), true)
    assert.notDeepEqual(before(), versions)
  })

  test('is right again after the clock was set back', () => {
    const { table } = newTable()
    const laterMs = originMs + 3_600_000
    table.insert(key, 1, laterMs, ttlMs, 0)
    assert.equal(table.find(key, originMs, ttlMs), true)
    assert.equal(table.find(key, originMs + ttlMs, ttlMs), false)
  })

  test('may be longer than the table can count', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    assert.equal(table.find(key, originMs + 4 * 365 * 86_400_000, ttlMs), true)
  })
})

describe('looking', () => {
  test('tells all of a pin and does not use it', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 2 * ttlMs, 3)
    assert.equal(table.look(key, originMs + 32_000), true)
    assert.deepEqual([table.replica, table.epoch], [1, 3])
    assert.deepEqual(
      [table.usedAtMs, table.expiresAtMs, table.deadlineMs],
      [originMs, originMs + ttlMs, originMs + 2 * ttlMs],
    )
    assert.equal(table.look(key, originMs + ttlMs), false)
    table.insert(key, 1, originMs + ttlMs, ttlMs, 0)
    table.look(key, originMs + ttlMs)
    assert.equal(table.deadlineMs, 0)
  })
})

describe('taking over', () => {
  const untilMs = originMs + ttlMs
  const adopted = (table: PinTable) => table.find(key, originMs, ttlMs) && [table.replica, table.epoch]

  test('pins a session that has no live pin, until the time that was said', () => {
    const { table } = newTable()
    assert.equal(table.adopt(key, 7, 2, originMs, untilMs, 0), true)
    assert.deepEqual([table.replica, table.epoch, table.live, table.liveOf(7)], [7, 2, 1, 1])
    assert.equal(table.look(key, untilMs - 64), true)
    assert.equal(table.look(key, untilMs), false)
    assert.equal(table.adopt(key, 8, 0, untilMs, untilMs + 64, 0), true)
    assert.deepEqual([table.replica, table.live, table.liveOf(7)], [8, 1, 0])
  })

  test('takes a higher epoch, and neither a lower nor the same one', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0, 5)
    assert.equal(table.adopt(key, 2, 4, originMs, untilMs, 0), false)
    assert.equal(table.adopt(key, 2, 5, originMs, untilMs, 0), false)
    assert.deepEqual([table.replica, table.epoch], [1, 5])
    assert.equal(table.adopt(key, 2, 6, originMs, untilMs, 0), true)
    assert.deepEqual(adopted(table), [2, 6])
    assert.deepEqual([table.live, table.liveOf(1), table.liveOf(2)], [1, 0, 1])
  })

  test('at the same epoch replaces the replica that lost, and no other', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0)
    assert.equal(table.adopt(key, 2, 0, originMs, untilMs, 0, 3), false)
    assert.equal(table.adopt(key, 2, 0, originMs, untilMs, 0, 1), true)
    assert.deepEqual(adopted(table), [2, 0])
  })

  test('of a closing ends the pin of the same epoch, and stays closed against pins of that epoch', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0, 5)
    assert.equal(table.adopt(key, noReplica, 4, originMs, untilMs, 0), false)
    assert.equal(table.adopt(key, noReplica, 5, originMs, untilMs, 0), true)
    assert.equal(table.adopt(key, 1, 5, originMs, untilMs, 0), false)
    assert.deepEqual(adopted(table), [noReplica, 5])
    assert.equal(table.liveOf(1), 0)
  })

  test('brings a deadline along, and takes away the one that was', () => {
    const { table } = newTable()
    assert.equal(table.adopt(key, 1, 0, originMs, untilMs, originMs + 6400), true)
    assert.equal(table.find(key, originMs + 6400 - 64, ttlMs), true)
    assert.equal(table.find(key, originMs + 6400, ttlMs), false)
    table.insert(key, 1, originMs + 6400, ttlMs, 6400)
    assert.equal(table.adopt(key, 2, 1, originMs + 6400, untilMs, 0), true)
    assert.equal(table.find(key, originMs + 32_000, ttlMs), true)
    assert.equal(table.find(key, originMs + 95_000, ttlMs), true)
  })

  test('leaves out what is over', () => {
    const { table } = newTable()
    assert.equal(table.adopt(key, 1, 0, originMs, originMs, 0), false)
    assert.equal(table.adopt(key, 1, 0, originMs, untilMs, originMs), false)
    assert.equal(table.live, 0)
  })
})

describe('closing', () => {
  test('makes the pin name no replica until the time that was said, with its epoch', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0, 5)
    assert.equal(table.close(key, originMs, originMs + 10 * ttlMs), true)
    assert.deepEqual([table.replica, table.epoch, table.liveOf(1), table.live], [noReplica, 5, 0, 1])
    assert.equal(table.insert(key, 2, originMs, ttlMs, 0), false)
    assert.equal(table.find(key, originMs + 10 * ttlMs - 64, ttlMs), true)
    assert.equal(table.find(key, originMs + 10 * ttlMs, ttlMs), false)
  })

  test('is neither made longer nor shorter by use', () => {
    const { table } = newTable()
    table.close(key, originMs, originMs + 2 * ttlMs)
    assert.equal(table.find(key, originMs + ttlMs, ttlMs / 8), true)
    assert.equal(table.find(key, originMs + 2 * ttlMs - 64, 10 * ttlMs), true)
    assert.equal(table.find(key, originMs + 2 * ttlMs, ttlMs), false)
  })

  test('holds for a session that has no pin here, from the epoch that the client holds', () => {
    const { table } = newTable()
    assert.equal(table.close(key, originMs, originMs + ttlMs, 3), false)
    assert.deepEqual([table.replica, table.epoch], [noReplica, 3])
    assert.equal(table.find(key, originMs, ttlMs), true)
  })

  test("goes past the pin's deadline", () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 6400)
    table.close(key, originMs, originMs + ttlMs)
    assert.equal(table.find(key, originMs + ttlMs - 64, ttlMs), true)
  })
})

describe('re-homing', () => {
  test('moves a pin that still names the replica that was lost, with the next epoch', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0, 3)
    assert.equal(table.move(key, 1, 2, originMs, ttlMs, 0), true)
    assert.deepEqual([table.replica, table.epoch], [2, 4])
    assert.equal(table.find(key, originMs, ttlMs), true)
    assert.deepEqual([table.replica, table.epoch], [2, 4])
    assert.deepEqual([table.liveOf(1), table.liveOf(2), table.live, table.stats().moved], [0, 1, 1, 1])
  })

  test('leaves a pin that another has moved, and says where it lives', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0)
    table.move(key, 1, 2, originMs, ttlMs, 0)
    assert.equal(table.move(key, 1, 3, originMs, ttlMs, 0), false)
    assert.deepEqual([table.replica, table.epoch, table.stats().moved], [2, 1, 1])
  })

  test('pins a session that had none, past the epoch that its client carries', () => {
    const { table } = newTable()
    assert.equal(table.move(key, 1, 2, originMs, ttlMs, 0, 41), true)
    assert.equal(table.find(key, originMs, ttlMs), true)
    assert.deepEqual([table.replica, table.epoch, table.liveOf(2), table.live], [2, 42, 1, 1])
    assert.equal(table.stats().moved, 1)
  })

  test('begins the ttl anew', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0)
    table.move(key, 1, 2, originMs + ttlMs / 2, ttlMs, 0)
    assert.equal(table.find(key, originMs + ttlMs, ttlMs), true)
  })

  test('stops at the last epoch', () => {
    const { table } = newTable()
    table.insert(key, 1, originMs, ttlMs, 0, 65_535)
    assert.equal(table.move(key, 1, 2, originMs, ttlMs, 0), true)
    assert.equal(table.epoch, 65_535)
  })
})

describe('a full pair of buckets', () => {
  function fullPair(): { memory: PinMemory; table: PinTable; keys: Uint32Array[] } {
    const { memory, table } = newTable(10)
    const keys = Array.from({ length: 32 }, (_, index) => keyIn(memory, 1, 3, index + 1))
    for (const [index, each] of keys.entries()) table.insert(each, index, originMs, ttlMs, 0)
    assert.deepEqual([table.live, table.stats().evictedLive], [32, 0])
    return { memory, table, keys }
  }
  const found = (table: PinTable, keys: Uint32Array[], nowMs: number): number[] =>
    keys.flatMap((each, index) => (table.find(each, nowMs, ttlMs) ? [index] : []))

  test('gives up the pin that was used longest ago', () => {
    const { memory, table, keys } = fullPair()
    for (const [index, each] of keys.entries()) {
      if (index !== 13) table.find(each, originMs + 2048 + 64 * index, ttlMs)
    }
    const newcomer = keyIn(memory, 3, 1, 99)
    assert.equal(table.insert(newcomer, 99, originMs + 5000, ttlMs, 0), true)
    assert.deepEqual(
      found(table, [...keys, newcomer], originMs + 5000),
      [...keys.keys(), 32].filter((k) => k !== 13),
    )
    const { live, evictedLive, evictedExpired } = table.stats()
    assert.deepEqual(
      [live, evictedLive, evictedExpired, table.liveOf(13), table.liveOf(99)],
      [32, 1, 0, 0, 1],
    )
  })

  test('gives up expired pins first, the longest expired before the others', () => {
    const { memory, table, keys } = fullPair()
    for (const [index, each] of keys.entries()) {
      const restMs = index === 20 ? 1024 : index === 7 ? 2048 : ttlMs
      table.find(each, originMs + 1024, restMs)
    }
    const nowMs = originMs + 10_240
    table.insert(keyIn(memory, 1, 3, 98), 98, nowMs, ttlMs, 0)
    assert.deepEqual([table.liveOf(20), table.liveOf(7)], [0, 1])
    table.insert(keyIn(memory, 1, 3, 99), 99, nowMs, ttlMs, 0)
    assert.deepEqual([table.liveOf(20), table.liveOf(7)], [0, 0])
    const { live, evictedLive, evictedExpired } = table.stats()
    assert.deepEqual([live, evictedLive, evictedExpired], [32, 0, 2])
    assert.equal(found(table, keys, nowMs).length, 30)
  })
})

describe('sweeping', () => {
  test('frees expired pins slice by slice and leaves the others', () => {
    const { memory, table } = newTable()
    const random = randomFrom(1)
    const keys = Array.from({ length: 500 }, () => randomKey(random))
    for (const [index, each] of keys.entries()) {
      table.insert(each, index % 2, originMs, index % 2 === 0 ? ttlMs : 2 * ttlMs, 0)
    }
    const nowMs = originMs + ttlMs
    let bucket = table.sweep(nowMs, 0, 10)
    assert.equal(bucket, 10)
    assert.ok(table.live < 500 && table.live > 250)
    for (let slices = 1; bucket !== 0; slices++) {
      assert.ok(slices <= memory.buckets / 10 + 1)
      bucket = table.sweep(nowMs, bucket, 10)
    }
    assert.deepEqual(
      [table.live, table.liveOf(0), table.liveOf(1), table.stats().sweptExpired],
      [250, 0, 250, 250],
    )
    for (const [index, each] of keys.entries()) assert.equal(table.find(each, nowMs, ttlMs), index % 2 === 1)
  })
})

describe('the memory of a table', () => {
  test('for a million pins is at most 64 MB and holds every one of them', () => {
    const { memory, table } = newTable(1_000_000)
    assert.ok(pinMemoryBytes(memory) <= 64_000_000, `${pinMemoryBytes(memory)} bytes`)
    const seed = randomInt(2 ** 32 - 1)
    const random = randomFrom(seed)
    const words = new Uint32Array(4_000_000).map(() => random(0x100000000))
    let inserted = 0
    let found = 0
    for (let at = 0; at < words.length; at += 4) {
      if (table.insert(words.subarray(at, at + 4), at & 0xffff, originMs, ttlMs, 0)) inserted++
    }
    for (let at = 0; at < words.length; at += 4) {
      if (table.find(words.subarray(at, at + 4), originMs, ttlMs) && table.replica === (at & 0xffff)) found++
    }
    const { live, evictedLive } = table.stats()
    assert.deepEqual(
      { inserted, found, live, evictedLive },
      { inserted: 1e6, found: 1e6, live: 1e6, evictedLive: 0 },
      `seed ${seed}`,
    )
  })

  test('holds what small tables promise too', () => {
    const seed = randomInt(2 ** 32 - 1)
    const random = randomFrom(seed)
    for (const capacity of [1, 2, 10, 50, 100, 300, 1000, 3000, 10_000]) {
      const { table } = newTable(capacity)
      for (let pins = 0; pins < capacity; pins++) table.insert(randomKey(random), 1, originMs, ttlMs, 0)
      assert.equal(table.live, capacity, `capacity ${capacity}, seed ${seed}`)
    }
  })

  test('has a size that can be made', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, 40_000_001]) {
      assert.throws(() => createPinMemory({ capacity }), RangeError)
    }
  })
})

test('a table does what a plain map would, through 200,000 random calls', () => {
  interface Pin {
    replica: number
    epoch: number
    expiresMs: number
    readonly deadlineMs: number
  }
  const seed = randomInt(2 ** 32 - 1)
  const random = randomFrom(seed)
  const { memory, table } = newTable(2000)
  const model = new Map<number, Pin>()
  const lastUse = new Map<number, number>()
  const keys = Array.from({ length: 1000 }, () => randomKey(random))
  const pick = (values: readonly number[]): number => values[random(values.length)]!
  let nowMs = originMs
  const liveAt = (index: number): Pin | undefined => {
    const pin = model.get(index)
    return pin !== undefined && pin.expiresMs > nowMs ? pin : undefined
  }

  for (let call = 0; call < 200_000; call++) {
    // Ticks and ttls of whole 64 ms, and ttls so short that every later use slides: the model can be exact.
    if (random(4) === 0) nowMs += 64 * random(3)
    const index = random(keys.length)
    const key = keys[index]!
    const replica = random(5)
    const ttl = pick([64, 640, 4096])
    const maxAge = pick([0, 0, 1280, 6400])
    const context = `call ${call}, seed ${seed}`
    const pin = liveAt(index)
    const fresh = (epoch: number): Pin => {
      const deadlineMs = maxAge === 0 ? Number.POSITIVE_INFINITY : nowMs + maxAge
      return { replica, epoch, expiresMs: Math.min(nowMs + ttl, deadlineMs), deadlineMs }
    }
    const slide = (moved: Pin): void => {
      moved.expiresMs = Math.min(nowMs + ttl, moved.deadlineMs)
    }
    const action = random(10)
    let shown: Pin | undefined
    if (action < 4) {
      // A use in the tick of the one before slides nothing, and a shorter ttl than that one's is not seen.
      const ttlOfAll = 4096
      assert.equal(table.find(key, nowMs, ttlOfAll), pin !== undefined, context)
      if (pin !== undefined && lastUse.get(index) !== nowMs)
        pin.expiresMs = Math.min(nowMs + ttlOfAll, pin.deadlineMs)
      if (pin !== undefined) lastUse.set(index, nowMs)
      shown = pin
    } else if (action < 7) {
      assert.equal(table.insert(key, replica, nowMs, ttl, maxAge, call & 0xff), pin === undefined, context)
      if (pin === undefined) {
        model.set(index, fresh(call & 0xff))
        lastUse.set(index, nowMs)
      }
      shown = model.get(index)
    } else if (action < 9) {
      const from = random(5)
      const held = random(3)
      const moves = pin === undefined || pin.replica === from
      assert.equal(table.move(key, from, replica, nowMs, ttl, maxAge, held), moves, context)
      if (pin === undefined) model.set(index, fresh(held + 1))
      else if (moves) {
        pin.replica = replica
        pin.epoch = Math.max(pin.epoch, held) + 1
        slide(pin)
      }
      if (moves) lastUse.set(index, nowMs)
      shown = model.get(index)
    } else if (random(20) > 0) {
      assert.equal(table.remove(key), model.delete(index), context)
    } else {
      table.sweep(nowMs, 0, memory.buckets)
      for (const [each, { expiresMs }] of model) if (expiresMs <= nowMs) model.delete(each)
    }
    if (shown !== undefined)
      assert.deepEqual([table.replica, table.epoch], [shown.replica, shown.epoch], context)
    assert.equal(table.live, model.size, context)
  }
  const bySlot = [0, 1, 2, 3, 4].map(
    (slot) => [...model.values()].filter(({ replica }) => replica === slot).length,
  )
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((slot) => table.liveOf(slot)),
    bySlot,
  )
  const { inserted, removed, evictedExpired, evictedLive, sweptExpired } = table.stats()
  assert.equal(evictedLive, 0)
  assert.equal(inserted - removed - evictedExpired - sweptExpired, model.size)
})

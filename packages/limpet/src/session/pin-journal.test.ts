import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { type JournalPort, noteField, noteFields, PinJournal } from './pin-journal.ts'
import { createPinMemory, noReplica } from './pin-memory.ts'
import { PinTable } from './pin-table.ts'
import { createStoreState, storeWord } from './store-state.ts'
import { roundMs } from './stored-expiry.ts'

const nowMs = 1_800_000_000_000
const ttlMs = 64_000
const key = Uint32Array.of(1, 2, 3, 0xfffffff4)
const other = Uint32Array.of(5, 6, 7, 8)

let pins: PinTable
let state: Int32Array<SharedArrayBuffer>
let journal: PinJournal
let notes: number[][]
let questions: { keys: number[]; answer: (found: Uint8Array) => void }[]
/** Called with each batch of notes, and with each question. */
let onNotes: () => void
let onQuestion: () => void

beforeEach(() => {
  const memory = createPinMemory({ capacity: 1000, nowMs })
  pins = new PinTable(memory)
  state = new Int32Array(createStoreState())
  Atomics.store(state, storeWord.up, 1)
  notes = []
  questions = []
  onNotes = () => undefined
  onQuestion = () => undefined
  const port: JournalPort = {
    notes: (batch) => {
      for (let at = 0; at < batch.length; at += noteFields)
        notes.push([...batch.subarray(at, at + noteFields)])
      onNotes()
    },
    lookup: (keys, answer) => {
      questions.push({ keys: [...keys], answer })
      onQuestion()
    },
  }
  journal = new PinJournal(new PinTable(memory), state.buffer, port, 40)
})

/** When the lookups of this turn have gone out. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** When so many questions have gone out. */
const asked = (count: number): Promise<void> =>
  new Promise((resolve) => {
    onQuestion = () => {
      if (questions.length === count) resolve()
    }
    onQuestion()
  })

describe('a note', () => {
  test('tells what the table holds, with the time that the store is to remember it', () => {
    pins.insert(key, 9, nowMs, ttlMs, 0)
    journal.note(key, nowMs)
    pins.move(key, 9, 0xfffffff0, nowMs, ttlMs, 0)
    journal.note(key, nowMs)
    journal.flush()
    const untilMs = nowMs + ttlMs + 2 * (ttlMs / 4 + roundMs)
    assert.deepEqual(notes, [
      [...key, 9, 0, untilMs, 0],
      [...key, 0xfffffff0, 1, untilMs, 0],
    ])
  })

  test('never has the store remember a pin past its deadline', () => {
    pins.insert(key, 9, nowMs, ttlMs, 2 * ttlMs)
    journal.note(key, nowMs)
    journal.flush()
    assert.deepEqual(notes[0]?.slice(noteField.expiresAtMs), [nowMs + 2 * ttlMs, nowMs + 2 * ttlMs])
  })

  test('of a closing tells when that ends', () => {
    pins.close(key, nowMs, nowMs + 6400, 3)
    journal.note(key, nowMs)
    journal.flush()
    assert.deepEqual(notes, [[...key, noReplica, 3, nowMs + 6400, 0]])
  })

  test('is not made of a session without a live pin', () => {
    journal.note(key, nowMs)
    pins.insert(key, 9, nowMs, ttlMs, 0)
    journal.note(key, nowMs + ttlMs)
    journal.flush()
    assert.deepEqual(notes, [])
  })

  test('can withdraw what was noted before', () => {
    journal.forget(key, 9, 2)
    journal.flush()
    assert.deepEqual(notes, [[...key, 9, 2, 0, 0]])
  })

  test('goes out soon, and with many others at once', async () => {
    const batches: number[] = []
    const first = Promise.withResolvers<void>()
    onNotes = () => {
      batches.push(notes.length)
      first.resolve()
    }
    journal.forget(key, 1, 0)
    assert.deepEqual(batches, [])
    const alive = setTimeout(() => first.reject(new Error('not within 5 s')), 5000)
    await first.promise
    clearTimeout(alive)
    for (let index = 0; index < 600; index++) journal.forget(key, index, 0)
    assert.deepEqual(batches, [1, 257, 513])
    journal.flush()
    assert.deepEqual(
      notes.slice(1).map((note) => note[noteField.replica]),
      [...Array(600).keys()],
    )
  })
})

describe('a lookup', () => {
  test('asks for all keys of a turn at once, and gives each its answer once', async () => {
    const answers: [string, boolean][] = []
    journal.lookup(key, (found) => answers.push(['key', found]))
    journal.lookup(other, (found) => answers.push(['other', found]))
    await turn()
    journal.lookup(key, (found) => answers.push(['again', found]))
    await turn()
    assert.equal(questions.length, 1, 'one that follows at once waits for more')
    journal.lookup(other, (found) => answers.push(['and another', found]))
    await asked(2)
    assert.deepEqual(
      questions.map(({ keys }) => keys),
      [
        [...key, ...other],
        [...key, ...other],
      ],
    )
    questions[0]!.answer(Uint8Array.of(0, 1))
    questions[0]!.answer(Uint8Array.of(1, 1))
    assert.deepEqual(answers, [
      ['key', false],
      ['other', true],
    ])
    questions[1]!.answer(Uint8Array.of(1, 0))
    assert.deepEqual(answers.slice(2), [
      ['again', true],
      ['and another', false],
    ])
  })

  test('reads the key before it returns', async () => {
    const reused = key.slice()
    journal.lookup(reused, () => undefined)
    reused.fill(0)
    await turn()
    assert.deepEqual(questions[0]?.keys, [...key])
  })

  test('that nobody answers is over in time, counted, and deaf to a late answer', async () => {
    const answers: boolean[] = []
    const over = new Promise<void>((resolve) => {
      journal.lookup(key, (found) => {
        answers.push(found)
        resolve()
      })
    })
    await over
    assert.equal(state[storeWord.timedOut], 1)
    questions[0]!.answer(Uint8Array.of(1))
    assert.deepEqual(answers, [false])
  })

  test('that was cancelled calls nobody, and leaves the others of its turn alone', async () => {
    const answers: string[] = []
    journal.lookup(key, () => answers.push('cancelled'))!.cancel()
    const later = journal.lookup(other, () => answers.push('also cancelled'))
    journal.lookup(other, () => answers.push('answered'))
    await turn()
    later!.cancel()
    questions[0]!.answer(Uint8Array.of(1, 1, 1))
    assert.deepEqual(answers, ['answered'])
  })

  test('is not made while the store is down, and is as soon as it is up', async () => {
    Atomics.store(state, storeWord.up, 0)
    assert.equal(
      journal.lookup(key, () => assert.fail('it was not asked')),
      undefined,
    )
    await turn()
    assert.equal(questions.length, 0)
    assert.equal(state[storeWord.skipped], 1)
    Atomics.store(state, storeWord.up, 1)
    assert.ok(journal.lookup(key, () => undefined))
    await turn()
    assert.equal(questions.length, 1)
    questions[0]!.answer(Uint8Array.of(0))
  })

  test('is not made when too many are under way, until some are answered', async () => {
    let made = 0
    while (journal.lookup(key, () => undefined) !== undefined) made++
    assert.equal(made, 4096)
    await turn()
    questions[0]!.answer(new Uint8Array(made))
    assert.ok(journal.lookup(key, () => undefined))
    await asked(2)
    questions[1]!.answer(Uint8Array.of(0))
  })
})

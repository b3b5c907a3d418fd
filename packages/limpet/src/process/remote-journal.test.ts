import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { pinKey } from '../session/store/pin-store.ts'
import { type JournalMessage, StoreState } from './journal-messages.ts'
import { RemoteJournal } from './remote-journal.ts'

interface Sample extends Disposable {
  readonly journal: RemoteJournal
  readonly state: StoreState
  /** The keeper's end. */
  readonly keeper: MessagePort
  next(): Promise<JournalMessage>
}

function sample(lookupMs = 1000): Sample {
  const { port1, port2 } = new MessageChannel()
  const state = new StoreState(new SharedArrayBuffer(4))
  state.up = true
  return {
    journal: new RemoteJournal(port2, state, lookupMs),
    state,
    keeper: port1,
    next: async () => (await once(port1, 'message'))[0],
    [Symbol.dispose]: () => port1.close(),
  }
}

const key = (word: number) => Uint32Array.of(word, 2, 3, 4)

describe("a thread's journal", () => {
  test('gathers notes, with the key as it was then', async () => {
    using sampled = sample()
    const { journal } = sampled
    const scratch = key(1)
    journal.note(scratch, 5, 0, 1000, 60_000, 0)
    scratch[0] = 9
    journal.note(scratch, 6, 1, 1001, 60_000, 0)
    const { notes, asks } = await sampled.next()
    assert.deepEqual(
      notes.map((note) => [note.key, note.replica, note.epoch]),
      [
        [pinKey(key(1)), 5, 0],
        [pinKey(key(9)), 6, 1],
      ],
    )
    assert.deepEqual(asks, [])
  })

  test('asks for what came in one turn together, and is answered once each', async () => {
    using sampled = sample()
    const { journal, keeper } = sampled
    const answered: number[] = []
    journal.lookup(key(1), () => answered.push(1))
    journal.lookup(key(2), () => answered.push(2)).cancel()
    journal.lookup(key(3), () => answered.push(3))
    const { asks } = await sampled.next()
    assert.equal(asks.length, 3)
    keeper.postMessage(asks.map(([id]) => id))
    keeper.postMessage(asks.map(([id]) => id))
    const last = new Promise<void>((resolve) => journal.lookup(key(4), resolve))
    const more = await sampled.next()
    keeper.postMessage(more.asks.map(([id]) => id))
    await last
    assert.deepEqual(answered, [1, 3])
  })

  test('goes on at once where the store is down, and soon where nobody answers', async () => {
    using sampled = sample(20)
    const { journal, state } = sampled
    const startMs = performance.now()
    const keepsAlive = setTimeout(() => undefined, 5000)
    await new Promise<void>((resolve) => journal.lookup(key(1), resolve))
    clearTimeout(keepsAlive)
    assert.ok(performance.now() - startMs >= 20)
    state.up = false
    let called = false
    journal.lookup(key(2), () => {
      called = true
    })
    assert.ok(called)
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { LocalRecords } from '../session/local-records.ts'
import type { SessionMove, SessionRecord, SessionRecords } from '../session/session-record.ts'
import { keepRecords } from './record-keeper.ts'
import { RemoteRecords } from './remote-records.ts'

const key = Uint32Array.of(1, 2, 3, 4)
const record: SessionRecord = {
  epoch: 0,
  ttlMs: 60_000,
  replica: 1,
  idAtReplica: 'a',
  opening: '{"ä":"€"}',
  settings: [['n', 'c']],
}
const move: SessionMove = { replica: 2, epoch: 2, idAtReplica: 'b' }

describe('records that another thread keeps', () => {
  let kept: LocalRecords
  let channels: MessageChannel[]

  beforeEach(() => {
    kept = new LocalRecords()
    channels = []
  })

  afterEach(() => {
    for (const { port1 } of channels) port1.close()
    mock.timers.reset()
  })

  /** What one more serving thread has of them; `keeper` keeps them. */
  function open(keeper: SessionRecords = kept): RemoteRecords {
    const channel = new MessageChannel()
    channels.push(channel)
    keepRecords(channel.port2, keeper)
    const remote = new RemoteRecords(channel.port1)
    // Tests wait for answers, and nothing else keeps their process alive.
    channel.port1.ref()
    return remote
  }

  test('are written, changed, moved and ended as if they were here', async () => {
    const remote = open()
    const mine = key.slice()
    remote.begin(mine, record)
    remote.change(mine, { name: 'm', content: 'd' })
    remote.change(mine, { name: 'n', content: undefined })
    const moved = { ...record, ...move, settings: [['m', 'd']] }
    const standing = remote.move(mine, move)
    mine.fill(9)
    assert.deepEqual(await standing, moved)
    assert.deepEqual(await remote.read(key, 2), moved)
    remote.end(key)
    assert.equal(await remote.read(key, 0), undefined)
    assert.deepEqual(kept.counts, { kept: 0, length: 0, dropped: 0 })
  })

  test('are the same for all threads', async () => {
    const [one, two] = [open(), open()]
    one.begin(key, record)
    assert.deepEqual(await one.read(key, 0), record)
    assert.deepEqual(await two.read(key, 0), record)
  })

  test('are moved by the first of those who move a session at once, as all are told', async () => {
    const threads = [open(), open()]
    threads[0]!.begin(key, record)
    await threads[0]!.read(key, 0)
    const moves = threads.map((thread, at) => thread.move(key, { ...move, idAtReplica: `b${at}` }))
    const [first, second] = await Promise.all(moves)
    assert.match(first!.idAtReplica, /^b[01]$/)
    assert.deepEqual(second, first)
    assert.deepEqual(await threads[1]!.read(key, 2), first)
    assert.equal(await threads[1]!.move(Uint32Array.of(9, 9, 9, 9), move), undefined)
  })

  test('tell a thread when the stream that another one has of a session has followed it, or is over', async () => {
    const [one, two] = [open(), open()]
    for (const epoch of [2, undefined]) {
      one.streams(key, 1)
      // Answers come in the order of what was told.
      await one.read(key, 0)
      let hasFollowed = false
      const followed = two.followed(key, 2).then(() => {
        hasFollowed = true
      })
      await two.followed(key, 1)
      await two.read(key, 0)
      assert.equal(hasFollowed, false)
      one.streams(key, epoch)
      await followed
    }
  })

  test('are told to whoever asked, whatever comes first', async () => {
    const answers: ((record: SessionRecord | undefined) => void)[] = []
    const remote = open({ ...ignoring, read: () => new Promise((resolve) => answers.push(resolve)) })
    const reads = [1, 2, 3].map((epoch) => remote.read(key, epoch))
    while (answers.length < 3) await new Promise((resolve) => setImmediate(resolve))
    for (const at of [2, 0, 1]) answers[at]!({ ...record, epoch: at })
    assert.deepEqual(
      (await Promise.all(reads)).map((read) => read?.epoch),
      [0, 1, 2],
    )
  })

  test('are none where their keeper is silent for too long, and nothing comes of a late answer', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    let answer: ((record: SessionRecord | undefined) => void) | undefined
    const remote = open({
      ...ignoring,
      read: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    })
    const read = remote.read(key, 0)
    while (answer === undefined) await new Promise((resolve) => setImmediate(resolve))
    mock.timers.tick(2499)
    assert.equal(await Promise.race([read, 'waiting']), 'waiting')
    mock.timers.tick(1)
    assert.equal(await read, undefined)
    answer(record)
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  })

  test('are none where their keeper is gone', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const remote = open()
    channels[0]!.port2.close()
    const read = remote.read(key, 0)
    mock.timers.tick(2500)
    assert.equal(await read, undefined)
    remote.begin(key, record)
  })

  const ignoring: SessionRecords = {
    begin: () => undefined,
    change: () => undefined,
    move: async () => undefined,
    end: () => undefined,
    read: async () => undefined,
    streams: () => undefined,
    followed: async () => undefined,
  }
})

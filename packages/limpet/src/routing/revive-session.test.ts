import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { greetingOf } from '../dialects/mcp/greeting.ts'
import { contentOf } from '../dialects/mcp/mcp.fixture.ts'
import { headOf, parseResponse } from '../http/heads.fixture.ts'
import type { ResponseSink } from '../http/replica-connection.ts'
import { LocalRecords } from '../session/local-records.ts'
import { createPinMemory } from '../session/pin-memory.ts'
import { PinTable } from '../session/pin-table.ts'
import { LocalTurns } from '../session/turns.ts'
import { type LostSession, reviveSession } from './revive-session.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'

const nowMs = 1_800_000_000_000
const ttlMs = 60_000
const hash = Uint32Array.of(1, 2, 3, 4)
const opening = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
const result = '{"jsonrpc":"2.0","id":"limpet-0","result":{"protocolVersion":"2025-11-25"}}'
const HOME = 10
const NEXT = 20
/** The place of the replica where sessions are begun anew here. */
const place = 1

let pins: PinTable
let records: LocalRecords
let turns: LocalTurns
let moved: string[]
/** What replicas were sent: a head and a content each. */
let asked: { head: string; content: string }[]
/** What they answer, in pieces of the content; undefined: nothing, the connection breaks. */
let answers: (() => { lines: string[]; pieces: string[]; isOpen?: boolean } | undefined)[]

beforeEach(() => {
  pins = new PinTable(createPinMemory({ capacity: 100, nowMs }))
  records = new LocalRecords()
  turns = new LocalTurns()
  moved = []
  asked = []
  answers = []
})

const begun =
  (id: string, ...pieces: string[]) =>
  () => ({
    lines: ['Content-Type: application/json', `Mcp-Session-Id: ${id}`],
    pieces: pieces.length === 0 ? [result] : pieces,
  })
const accepted: (typeof answers)[number] = () => ({ lines: ['Content-Length: 0'], pieces: [] })

const pool = {
  acquire: () => ({
    begin(sink: ResponseSink, head: string, content: Buffer) {
      const number = asked.push({ head, content: content.toString() }) - 1
      setImmediate(() => {
        const answer = (answers[number] ?? accepted)()
        if (answer === undefined) {
          sink.onFailure('reset')
          return
        }
        sink.onResponseHead(parseResponse(headOf('HTTP/1.1 200 OK', ...answer.lines))!)
        for (const piece of answer.pieces) sink.onContent(contentOf(piece), false)
        if (!answer.isOpen) sink.onContent(contentOf(), true)
      })
    },
    destroy: () => undefined,
  }),
}

/** Begins the session anew as a request that saw its pin so. */
function revive(more: Partial<LostSession> = {}) {
  const parts = {
    pins,
    records,
    turns,
    context: { turn: { wallMs: nowMs } },
    counters: { moved: (_: number, reason: string) => moved.push(reason) },
  } as unknown as RouterParts
  const service = {
    index: 0,
    pools: [pool, pool],
    hosts: undefined,
    replicas: { replicas: [{ id: HOME }, { id: NEXT }], indexOf: (id: number) => [HOME, NEXT].indexOf(id) },
  } as unknown as RoutedService
  const lost = {
    session: { key: 'k', carried: undefined, isNew: false, ttlMs, maxAgeMs: 0 },
    revival: { greeting: (record: Parameters<typeof greetingOf>[0]) => greetingOf(record, undefined) },
    hash,
    place,
    pinnedId: HOME,
    epoch: 0,
    reason: 'unknown-session',
    waitingHead: 'POST /mcp HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n',
    ...more,
  } as unknown as LostSession
  return reviveSession(parts, service, lost)
}

/** A session that has a record, and a pin at its home. */
function keep(epoch = 0): void {
  pins.insert(hash, HOME, nowMs, ttlMs, 0, epoch)
  records.begin(hash, {
    epoch,
    ttlMs,
    replica: HOME,
    idAtReplica: 'old',
    opening,
    settings: [['logging/setLevel', '{"id":9,"method":"logging/setLevel"}']],
  })
}

describe('a session that is begun anew', () => {
  test('lives on at its new replica, with all that was set for it', async () => {
    keep()
    answers = [begun('new')]
    assert.deepEqual(await revive(), { place, replicaId: NEXT, idAtReplica: 'new', epoch: 1 })
    assert.deepEqual(
      asked.map(({ content }) => JSON.parse(content).method),
      ['initialize', 'notifications/initialized', 'logging/setLevel'],
    )
    assert.deepEqual(
      asked.map(({ head }) => /Mcp-Session-Id: (.*)\r/.exec(head)?.[1]),
      [undefined, 'new', 'new'],
    )
    for (const { head } of asked)
      assert.match(head, /^POST \/mcp HTTP\/1\.1\r\n.*Authorization: Bearer x\r\n.*limpet-epoch: 1\r\n\r\n$/s)
    assert.equal(pins.find(hash, nowMs, ttlMs), true)
    assert.deepEqual([pins.replica, pins.epoch], [NEXT, 1])
    assert.deepEqual(
      [(await records.read(hash, 1))?.idAtReplica, moved, turns.size],
      ['new', ['unknown-session'], 0],
    )
  })

  test('is known by its new name when it was begun anew before, and its pin has been forgotten since', async () => {
    records.begin(hash, { epoch: 1, ttlMs, replica: HOME, idAtReplica: 'second', opening, settings: [] })
    answers = [begun('third')]
    const revived = await revive()
    assert.ok(typeof revived !== 'string')
    assert.equal(revived.idAtReplica, 'third')
    assert.ok(revived.epoch > 1, `${revived.epoch}`)
    assert.match(asked[0]!.head, new RegExp(`limpet-epoch: ${revived.epoch}\r\n`))
    assert.equal((await records.read(hash, revived.epoch))?.idAtReplica, 'third')
  })

  for (const [what, pieces] of [
    ['at once', [`data: ${result}\n\n`]],
    ['in pieces', ['event: mess', `age\ndata: ${result.slice(0, 9)}`, `${result.slice(9)}\n`, '\n']],
    ['behind other events', [': hello\n\ndata: {"method":"x"}\n\n', `data: ${result}\n\n`]],
    ['before another', [`data: ${result}\n\ndata: {"me`]],
    ['with CRLF', [`data: ${result}\r\n\r\n`]],
  ] as const) {
    test(`is known from a stream that stays open, where the response comes ${what}`, async () => {
      keep()
      answers = [
        () => ({
          lines: ['Content-Type: text/event-stream', 'Mcp-Session-Id: new'],
          pieces: [...pieces],
          isOpen: true,
        }),
      ]
      assert.equal(((await revive()) as { idAtReplica: string }).idAtReplica, 'new')
    })
  }

  test('is seen in a time that grows with the answer, however small its pieces are', async () => {
    keep()
    const pieces = Array.from({ length: 2000 }, () => '"result":{},'.repeat(4))
    answers = [
      () => ({
        lines: ['Content-Type: text/event-stream', 'Mcp-Session-Id: new'],
        pieces: ['data: {', ...pieces],
      }),
    ]
    const startedMs = performance.now()
    assert.equal(await revive(), 'LIMPET_SESSION_GONE')
    assert.ok(performance.now() - startedMs < 2000)
  })

  test('is one for all of its requests that found it lost', async () => {
    keep()
    answers = [begun('new')]
    const revived = await Promise.all([revive(), revive(), revive()])
    for (const one of revived) assert.deepEqual(one, { place, replicaId: NEXT, idAtReplica: 'new', epoch: 1 })
    assert.deepEqual([asked.length, moved.length, turns.size], [3, 1, 0])
  })
})

describe('a session that can not be begun anew', () => {
  for (const [what, code, script] of [
    ['nothing is known of it', 'LIMPET_SESSION_GONE', undefined],
    ['the replica breaks off', 'LIMPET_NO_REPLICA', [() => undefined]],
    ['the replica breaks off later', 'LIMPET_NO_REPLICA', [begun('new'), () => undefined]],
    ['the replica gives it no id', 'LIMPET_SESSION_GONE', [() => ({ lines: [], pieces: [result] })]],
    ['the replica gives it an id that is none', 'LIMPET_SESSION_GONE', [begun('a b')]],
    ['the replica refuses', 'LIMPET_SESSION_GONE', [begun('new', '{"error":{}}')]],
  ] as [string, string, typeof answers | undefined][]) {
    test(`is refused where ${what}, and leaves its line`, async () => {
      if (script !== undefined) keep()
      answers = script ?? []
      const before = pins.find(hash, nowMs, ttlMs) && [pins.replica, pins.epoch]
      assert.equal(await revive(), code)
      assert.equal(turns.size, 0)
      assert.deepEqual(pins.find(hash, nowMs, ttlMs) && [pins.replica, pins.epoch], before)
      assert.deepEqual(moved, [])
    })
  }

  test('is refused where it was closed meanwhile', async () => {
    keep()
    pins.close(hash, nowMs, nowMs + ttlMs)
    assert.deepEqual([await revive(), asked.length, turns.size], ['LIMPET_SESSION_CLOSED', 0, 0])
  })

  test('is refused where too many wait for it', async () => {
    keep()
    answers = [begun('new')]
    const revived = await Promise.all(Array.from({ length: 110 }, () => revive()))
    assert.equal(revived.filter((one) => one === 'LIMPET_SESSION_BUSY').length, 9)
    assert.equal(turns.size, 0)
  })
})

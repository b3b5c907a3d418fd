import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBoardMemory, ReplicaBoard } from '../replicas/replica-board.ts'
import { CounterReader, Counters, createCounterMemory } from './counters.ts'
import { createMetrics } from './metrics.ts'

const SLOT = 3
const SERVICE = 1

function metricsOf() {
  const memory = createCounterMemory(8)
  const board = new ReplicaBoard(createBoardMemory(1), 0)
  board.add(SLOT, 'ready')
  const stats = { live: 5, inserted: 7, evictedExpired: 1, evictedLive: 2, moved: 0 }
  const replicas = [{ config: { name: '[::1]:80' }, slot: SLOT }]
  const metrics = createMetrics({
    counters: new CounterReader([memory]),
    pins: { stats: () => stats, liveOf: (slot) => (slot === SLOT ? 4 : 0) },
    board,
    fleet: { services: [{ config: { name: 'app' }, index: SERVICE, replicas }] },
    workers: 2,
    records: { counts: { kept: 13, length: 14, dropped: 15 } },
    store: {
      stats: () => ({
        up: true,
        queue: 3,
        written: 40,
        lost: 2,
        dropped: 1,
        calls: 9,
        failedCalls: 4,
        announced: 6,
        unknown: 7,
        invalid: 8,
        reads: { hit: 11, miss: 12 },
      }),
    },
  })
  const lines = async (name: string) =>
    (await metrics.text())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return { counters: new Counters(memory), board, metrics, lines }
}

describe('metrics', () => {
  test('are what the counters hold at the moment of the scrape, however often that is', async () => {
    const { counters, lines } = metricsOf()
    counters.moved(SERVICE, 'down')
    for (let scrape = 0; scrape < 2; scrape++) {
      assert.ok(
        (await lines('limpet_rehomes_total')).includes('limpet_rehomes_total{service="app",reason="down"} 1'),
      )
    }
    counters.moved(SERVICE, 'down')
    assert.ok(
      (await lines('limpet_rehomes_total')).includes('limpet_rehomes_total{service="app",reason="down"} 2'),
    )
    assert.deepEqual(await lines('limpet_sessions'), ['limpet_sessions{service="app",replica="[::1]:80"} 4'])
    assert.deepEqual(await lines('limpet_pins_evicted_total'), [
      'limpet_pins_evicted_total{kind="expired"} 1',
      'limpet_pins_evicted_total{kind="live"} 2',
    ])
  })

  test('tell of what is kept to begin sessions anew', async () => {
    const { metrics } = metricsOf()
    const lines = (await metrics.text())
      .split('\n')
      .filter((line) => line.startsWith('limpet_session_record'))
    assert.deepEqual(lines, [
      'limpet_session_records 13',
      'limpet_session_record_characters 14',
      'limpet_session_records_dropped_total 15',
    ])
  })

  test('tell of the shared store', async () => {
    const { metrics } = metricsOf()
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('limpet_store_'))
    assert.deepEqual(lines, [
      'limpet_store_up 1',
      'limpet_store_queue 3',
      'limpet_store_writes_total 40',
      'limpet_store_conflicts_total 2',
      'limpet_store_dropped_total 1',
      'limpet_store_announcements_total 6',
      'limpet_store_reads_total{result="hit"} 11',
      'limpet_store_reads_total{result="miss"} 12',
      'limpet_store_calls_total{result="ok"} 5',
      'limpet_store_calls_total{result="error"} 4',
      'limpet_store_ignored_total{reason="invalid"} 8',
      'limpet_store_ignored_total{reason="unknown_replica"} 7',
    ])
  })

  test('name one state of each replica', async () => {
    const { board, lines } = metricsOf()
    const state = async () => {
      const on = (await lines('limpet_replica_state')).filter((line) => line.endsWith(' 1'))
      return on.map((line) => /state="(\w+)"/.exec(line)?.[1])
    }
    assert.deepEqual(await state(), ['ready'])
    board.setMode(SLOT, 'draining')
    assert.deepEqual(await state(), ['draining'])
    board.connectFailed(SLOT, { failures: 1, backoffMs: 60_000, maxBackoffMs: 60_000 }, Date.now())
    assert.deepEqual(await state(), ['ejected'])
    board.setHealth(SLOT, 'down')
    assert.deepEqual(await state(), ['down'])
  })

  test('add durations up over the buckets', async () => {
    const { counters, lines } = metricsOf()
    for (const ms of [0.2, 3, 3, 1e9]) counters.duration(SERVICE, ms)
    const buckets = (await lines('limpet_request_duration_seconds_bucket')).map((line) =>
      Number(line.split(' ')[1]),
    )
    assert.deepEqual(buckets.slice(0, 5), [1, 1, 1, 3, 3])
    assert.deepEqual(buckets.slice(-2), [3, 4])
    assert.deepEqual(await lines('limpet_request_duration_seconds_count'), [
      'limpet_request_duration_seconds_count{service="app"} 4',
    ])
  })

  test('spell a value that is not a number as the format does', async () => {
    const { metrics } = metricsOf()
    // The second scrape in the same moment has no event-loop samples to tell of.
    await metrics.text()
    const text = await metrics.text()
    assert.match(text, / NaN$/m)
    assert.doesNotMatch(text, / Nan$/m)
  })
})

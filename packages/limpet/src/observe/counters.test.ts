import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusalCodes } from '../errors.ts'
import {
  CounterReader,
  Counters,
  createCounterMemory,
  durationEdgesMs,
  MAX_SERVICES,
  moveReasons,
  tunnelEnds,
} from './counters.ts'

const SLOTS = 16

function countersOf(threads: number) {
  const memories = Array.from({ length: threads }, () => createCounterMemory(SLOTS))
  return { threads: memories.map((memory) => new Counters(memory)), reader: new CounterReader(memories) }
}

describe('counters', () => {
  test('are summed over threads, each place apart from its neighbours', () => {
    const { threads, reader } = countersOf(2)
    const [one, other] = threads as [Counters, Counters]
    one.request(3, 1, 200, 10, 100)
    other.request(3, 1, 503, 1, 2)
    other.request(3, 0, 0, 0, 0)
    one.ejected(3)
    one.upgraded(3)
    other.upgraded(3)
    assert.deepEqual(reader.replica(3), {
      decisions: [1, 2, 0, 0],
      statuses: [1, 0, 1, 0, 0, 1],
      requestBytes: 11,
      responseBytes: 102,
      ejections: 1,
      tunnels: 2,
    })
    for (const slot of [2, 4]) {
      const { decisions, statuses, ejections, tunnels } = reader.replica(slot)
      assert.deepEqual([...decisions, ...statuses, ejections, tunnels], new Array(12).fill(0))
    }
  })

  test('of the last service and the last replica have a place of their own', () => {
    const { threads, reader } = countersOf(1)
    const [counters] = threads as [Counters]
    const index = MAX_SERVICES - 1
    counters.aborted(index)
    counters.sourceFailed(index)
    counters.retried(index, 2)
    for (const reason of moveReasons) counters.moved(index, reason)
    for (const why of tunnelEnds) counters.tunnelEnded(index, why)
    counters.request(0, 0, 200, 7, 7)
    counters.request(SLOTS - 1, 3, 599, 5, 5)
    const service = reader.service(index)
    assert.deepEqual([service.aborted, service.sourceErrors, service.retries], [1, 1, 2])
    assert.deepEqual(
      service.moves,
      moveReasons.map(() => 1),
    )
    assert.deepEqual(
      service.tunnelEnds,
      tunnelEnds.map(() => 1),
    )
    assert.equal(reader.replica(0).requestBytes, 7)
    assert.deepEqual(reader.replica(SLOTS - 1).decisions, [0, 0, 0, 1])
  })

  test('of durations have a bucket for each edge, which belongs to it, and one above', () => {
    const { threads, reader } = countersOf(1)
    const [counters] = threads as [Counters]
    for (const edge of durationEdgesMs) counters.duration(2, edge)
    counters.duration(2, durationEdgesMs.at(-1)! + 1)
    const { durations, durationSumMs } = reader.service(2)
    assert.deepEqual(durations, new Array(durationEdgesMs.length + 1).fill(1))
    assert.equal(durationSumMs, durationEdgesMs.reduce((sum, edge) => sum + edge, 0) + 300_001)
  })

  test('of refusals, timeouts and connections do not touch each other', () => {
    const { threads, reader } = countersOf(2)
    for (const counters of threads) {
      counters.refused(0)
      counters.refused(refusalCodes.length - 1)
      counters.timedOut('head')
      counters.connection('opened')
    }
    assert.deepEqual(
      [reader.refusals(0), reader.refusals(1), reader.refusals(refusalCodes.length - 1)],
      [2, 0, 2],
    )
    assert.deepEqual([reader.timeouts(0), reader.timeouts(1)], [2, 0])
    assert.deepEqual([reader.connections('opened'), reader.connections('closed')], [2, 0])
  })

  test('of a thread that died say that its connections are closed', () => {
    const { threads, reader } = countersOf(2)
    for (const counters of threads) {
      for (let time = 0; time < 3; time++) counters.connection('opened')
      counters.connection('closed')
    }
    threads[1]!.closeAll()
    assert.equal(reader.connections('opened') - reader.connections('closed'), 2)
    assert.equal(reader.connections('opened'), 6)
  })
})

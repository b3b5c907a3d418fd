import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessLog, type AccessRecord, type RequestSummary, type RoutedSummary } from './access-log.ts'

const request: RequestSummary = {
  method: 'GET',
  target: '/chat?token=secret',
  peer: { address: '10.0.0.1' },
  status: 200,
  refusal: undefined,
  aborted: false,
  retries: 0,
  requestBytes: 1,
  responseBytes: 2,
  durationMs: 1.23456,
  upgraded: false,
  tunnelEnd: undefined,
}
const routed: RoutedSummary = {
  service: 'app',
  replica: 'a',
  session: 'valid',
  sessionHash: Uint32Array.of(0xabc, 1, 2, 3),
  decision: 'hit',
  reason: undefined,
}

function recordOf(more: Partial<RequestSummary>, moreRouted: Partial<RoutedSummary> = {}): AccessRecord {
  const records: AccessRecord[] = []
  const log = new AccessLog((batch) => records.push(...batch))
  log.write({ ...request, ...more }, { ...routed, ...moreRouted })
  log.flush()
  assert.equal(records.length, 1)
  return JSON.parse(JSON.stringify(records[0]))
}

describe('the access log', () => {
  test('has what an operator looks for, without the query', () => {
    const { at, ...record } = recordOf({})
    assert.ok(Math.abs(Number(at) - Date.now()) < 5000)
    assert.deepEqual(record, {
      client: '10.0.0.1',
      method: 'GET',
      path: '/chat',
      status: 200,
      ms: 1.235,
      in: 1,
      out: 2,
      service: 'app',
      replica: 'a',
      session: 'valid',
      sid: '00000abc',
      decision: 'hit',
    })
  })

  test('says what went otherwise than usual', () => {
    const moved = recordOf({ retries: 1 }, { decision: 'moved', reason: 'refused' })
    assert.deepEqual([moved.retries, moved.decision, moved.reason], [1, 'moved', 'refused'])
    assert.equal(recordOf({ aborted: true }).aborted, true)
    assert.equal(recordOf({ refusal: 'LIMPET_NO_REPLICA' }).refused, 'LIMPET_NO_REPLICA')
    assert.equal(recordOf({ upgraded: true }).upgraded, true)
  })

  test('hands records on in batches, in order, and soon also when there are few', async () => {
    const batches: number[] = []
    const order: unknown[] = []
    const delivered = Promise.withResolvers<void>()
    const log = new AccessLog((batch) => {
      batches.push(batch.length)
      order.push(...batch.map(({ status }) => status))
      if (batches.length === 2) delivered.resolve()
    })
    for (let status = 0; status < 257; status++) log.write({ ...request, status }, routed)
    assert.deepEqual(batches, [256])
    const keepsAlive = setTimeout(() => delivered.reject(new Error('not within 5 s')), 5000)
    await delivered.promise
    clearTimeout(keepsAlive)
    assert.deepEqual(batches, [256, 1])
    assert.deepEqual(
      order,
      Array.from({ length: 257 }, (_, status) => status),
    )
    log.flush()
    assert.equal(batches.length, 2)
  })
})

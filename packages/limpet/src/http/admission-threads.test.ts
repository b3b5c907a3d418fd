import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createAdmissionMemory } from './admission.ts'
import type { CrowdOrder } from './admission-threads.test-worker.ts'

const threads = 2
const rounds = 2000

/** How many connections two threads at once let in together, round by round. */
async function crowd(limits: CrowdOrder['limits']): Promise<number[]> {
  const memory = createAdmissionMemory(threads)
  const meetings = new SharedArrayBuffer(4)
  const reports = Array.from({ length: threads }, async (_, thread) => {
    const workerData: CrowdOrder = { memory, thread, threads, rounds, limits, meetings }
    const worker = new Worker(new URL('./admission-threads.test-worker.ts', import.meta.url), { workerData })
    const [report] = (await once(worker, 'message')) as [number[]]
    return report
  })
  const byThread = await Promise.all(reports)
  return Array.from({ length: rounds }, (_, round) => byThread.reduce((sum, each) => sum + each[round]!, 0))
}

describe('of two threads that let in clients at the same moment', {
  timeout: 60_000,
}, () => {
  test('neither lets in one more than all may be', async () => {
    const admitted = await crowd({ connections: 10, connectionsPerClient: 0 })
    assert.deepEqual(new Set(admitted), new Set([10]))
  })

  test('neither lets in one more than a client may have', async () => {
    const admitted = await crowd({ connections: 0, connectionsPerClient: 10 })
    assert.deepEqual(new Set(admitted), new Set([10]))
  })
})

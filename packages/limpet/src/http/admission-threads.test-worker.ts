/** One of the threads of admission-threads.test.ts: in each round it lets in all that it may, then lets them go. */
import { parentPort, workerData } from 'node:worker_threads'
import { Admission, type AdmissionMemory } from './admission.ts'

/** What a crowding thread is given. */
export interface CrowdOrder {
  readonly memory: AdmissionMemory
  readonly thread: number
  readonly threads: number
  readonly rounds: number
  readonly limits: Parameters<Admission['admit']>[1]
  /** One Int32: how often a thread has come to a meeting point. */
  readonly meetings: SharedArrayBuffer
}

const { memory, thread, threads, rounds, limits, meetings } = workerData as CrowdOrder
const admission = new Admission(memory, thread)
const met = new Int32Array(meetings)
const tries = Math.max(limits.connections, limits.connectionsPerClient)

/** Waits for the others, without sleeping: all are to go on at the same moment. */
function meet(): void {
  const all = (Math.floor(Atomics.add(met, 0, 1) / threads) + 1) * threads
  while (Atomics.load(met, 0) < all);
}

const admittedByRound: number[] = []
for (let round = 0; round < rounds; round++) {
  meet()
  let admitted = 0
  for (let each = 0; each < tries; each++) if (admission.admit('192.0.2.1', limits)) admitted++
  admittedByRound.push(admitted)
  meet()
  for (let each = 0; each < admitted; each++) admission.leave('192.0.2.1')
}
parentPort!.postMessage(admittedByRound)

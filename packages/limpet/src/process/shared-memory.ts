import { type AdmissionMemory, createAdmissionMemory } from '../http/admission.ts'
import { type CounterMemory, createCounterMemory } from '../observe/counters.ts'
import { type BoardMemory, createBoardMemory } from '../replicas/replica-board.ts'
import { MAX_SLOTS } from '../replicas/replica-id.ts'
import { createPinMemory, type PinMemory } from '../session/pin-memory.ts'
import { createStoreState } from '../session/store-state.ts'

/** All memory that the threads of a process share: one truth about sessions, replicas and loads. */
export interface SharedMemory {
  readonly pins: PinMemory
  readonly board: BoardMemory
  readonly admission: AdmissionMemory
  /** What is known of the shared store, by `storeWord`. */
  readonly store: SharedArrayBuffer
  /** One a serving thread. */
  readonly counters: readonly CounterMemory[]
}

/** Makes it for `threads` serving threads; the main thread gets a row of its own beyond theirs on the board. */
export function createSharedMemory(threads: number, pinCapacity: number): SharedMemory {
  return {
    pins: createPinMemory({ capacity: pinCapacity }),
    board: createBoardMemory(threads + 1),
    admission: createAdmissionMemory(threads),
    store: createStoreState(),
    counters: Array.from({ length: threads }, () => createCounterMemory(MAX_SLOTS)),
  }
}

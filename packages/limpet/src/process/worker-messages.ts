import type { MessagePort } from 'node:worker_threads'
import type { ListenAddress } from '../config/schema.ts'
import type { AccessRecord } from '../observe/access-log.ts'
import type { Keyring } from '../session/keyring.ts'
import type { RoutingConfig } from './routing-thread.ts'
import type { SharedMemory } from './shared-memory.ts'

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly memory: SharedMemory
  readonly thread: number
  readonly keyring: Keyring
  /** To the keeper of turns. */
  readonly turns: MessagePort
  /** To the keeper of session records. */
  readonly records: MessagePort
}

/** What the main thread asks of a worker. */
export type Order =
  | { readonly order: 'configure'; readonly routing: RoutingConfig }
  | { readonly order: 'listen'; readonly address: ListenAddress }
  | { readonly order: 'close'; readonly deadlineMs: number }

/** An order on its way. */
export interface OrderMessage {
  readonly id: number
  readonly body: Order
}

/** The answer to a worker's lookup in the store. */
export interface AnswerMessage {
  readonly lookup: number
  readonly found: Uint8Array
}

/** What the main thread tells a worker. */
export type MainMessage = OrderMessage | AnswerMessage

/** What a worker tells the main thread. */
export type WorkerMessage =
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'warn'; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'access'; readonly records: AccessRecord[] }
  | { readonly kind: 'notes'; readonly notes: Float64Array }
  | { readonly kind: 'lookup'; readonly lookup: number; readonly keys: Uint32Array }

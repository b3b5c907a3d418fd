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
  /** To the keeper of the store, where there is one, and how long a lookup may take. */
  readonly journal: { readonly port: MessagePort; readonly lookupMs: number } | undefined
}

/** What the main thread asks of a worker. */
export type Order =
  | { readonly order: 'configure'; readonly routing: RoutingConfig }
  | { readonly order: 'listen'; readonly address: ListenAddress }
  | { readonly order: 'close'; readonly deadlineMs: number }

/** An order on its way, and its answer. */
export interface OrderMessage {
  readonly id: number
  readonly body: Order
}

/** What a worker tells the main thread. */
export type WorkerMessage =
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'warn'; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'access'; readonly records: AccessRecord[] }

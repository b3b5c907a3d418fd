import type { LimitsConfig, TimeoutsConfig } from '../config/schema.ts'
import type { TimeoutKind } from '../observe/counters.ts'
import type { Content } from './content.ts'
import type { CopyPool } from './copy-pool.ts'
import type { Deadlines } from './deadlines.ts'
import type { ReadBuffer } from './reading-socket.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'
import type { Turn } from './turn.ts'

/** Settings of the data path; a reload puts new ones in place, and each request reads them once. */
export interface HttpSettings {
  readonly limits: LimitsConfig
  readonly timeouts: TimeoutsConfig
  /** This router's pseudonym in Via. */
  readonly via: string
  readonly forwarded: boolean
  /** Whether the forwarding fields of a peer at `address` are believed. */
  isTrusted(address: string): boolean
}

/** What the data path counts outside of requests. */
export interface ConnectionCounters {
  opened(): void
  closed(): void
  /** A client's connection was over a limit, or could not be accepted (`why`). */
  refusedConnection(why: string): void
  /** There was no descriptor or port for a connection to a replica. */
  exhausted(): void
  timedOut(kind: TimeoutKind): void
}

/** What all connections of one thread share, to clients and to replicas alike. */
export interface HttpContext {
  settings: HttpSettings
  readonly deadlines: Deadlines
  readonly counters: ConnectionCounters
  /** Where all reads land, from clients and replicas alike. */
  readonly readBuffer: ReadBuffer
  readonly copies: CopyPool
  readonly turn: Turn
  /** Parsers, reused since a head is parsed and used within one turn. */
  readonly requestHead: RequestHead
  readonly responseHead: ResponseHead
  /** What a read brings of a message's content; used within one turn too. */
  readonly requestContent: Content
  readonly responseContent: Content
  readonly tunnelContent: Content
}

import type { AccessLog } from '../observe/access-log.ts'
import type { Counters } from '../observe/counters.ts'
import type { PinJournal } from '../session/pin-journal.ts'
import type { RecentTexts } from '../session/recent-texts.ts'
import type { SessionRecords } from '../session/session-record.ts'
import type { ServiceParts } from './routed-service.ts'
import type { SessionStreams } from './session-streams.ts'
import type { Tunnels } from './tunnels.ts'

/** Everything a thread's router works with. */
export interface RouterParts extends ServiceParts {
  readonly counters: Counters
  /** What it takes to begin sessions anew. */
  readonly records: SessionRecords
  /** How replicas name sessions that were begun anew, by the hash and the epoch of their pins. */
  readonly idsAtReplicas: RecentTexts<string>
  /** Streams that follow their sessions. */
  readonly streams: SessionStreams
  /** Open tunnels. */
  readonly tunnels: Tunnels
  readonly accessLog: AccessLog | undefined
  /** The line to the store that routers share, if there is one. */
  readonly journal?: PinJournal | undefined
  /** Whether the forwarding fields of a peer are believed. */
  isTrusted(address: string): boolean
  /** Tells the operator of a user's session function that threw. */
  onSourceError(service: string, error: unknown): void
}

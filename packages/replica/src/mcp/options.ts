import type { IncomingMessage } from 'node:http'
import { SettingsError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { McpStore, McpStoreOptions } from './open-store.ts'
import type { McpServer, McpTransport, McpTransportOptions } from './sdk-shapes.ts'
import type { SessionState } from './session-state.ts'

/** A session as the factory of servers sees it. */
export interface McpSession {
  readonly id: string
  /** The server's own state, which the next replica finds as it was left. */
  readonly state: SessionState
  /** Whether the session has been here or elsewhere before, so that its state is to be taken up. */
  readonly resumed: boolean
}

export interface McpSessionsOptions {
  /** `redis://…`, `rediss://…`, `file:PATH` or `memory`, or an open store, which is closed with the sessions. */
  readonly store: string | McpStore
  /** More about a store that is given as an address. */
  readonly storeOptions?: McpStoreOptions
  /** Makes the server of a session, for a new one and each time that it is resumed. It is connected afterwards. */
  readonly createServer: (session: McpSession) => McpServer | Promise<McpServer>
  /** Makes its transport with these options, and more if wanted. */
  readonly createTransport: (options: McpTransportOptions) => McpTransport
  /** Names who sends a request, such as its authenticated subject: others are answered 404. By default nobody. */
  readonly principal?: (request: IncomingMessage) => string | undefined
  /** A session ends after so long without a request; 1 h by default. */
  readonly ttlMs?: number
  /** A session ends so long after its beginning; 7 days by default. */
  readonly lifeMs?: number
  /** Sessions that this process holds in memory; 1000 by default. Beyond, the one used longest ago is let go. */
  readonly maxLive?: number
  /** A session without a request or an open stream is let go of memory after so long; 5 min by default. */
  readonly restMs?: number
  /** How often a session with an open stream or request is looked at, to see if it has moved; 2 s by default. */
  readonly watchMs?: number
  /** How long the replay of a session's past may take; 10 s by default. */
  readonly resumeMs?: number
  /** How much state there may be; see `Limits`. */
  readonly limits?: Partial<Omit<Limits, 'sessions'>>
  /** Takes errors that reach no client in full; by default they go to the standard error output. */
  readonly report?: (error: unknown, what: string) => void
  /** For tests: the time in milliseconds since 1970. */
  readonly now?: () => number
}

export type McpSettings = Required<
  Pick<
    McpSessionsOptions,
    'ttlMs' | 'lifeMs' | 'maxLive' | 'restMs' | 'watchMs' | 'resumeMs' | 'report' | 'now'
  >
>

/** @throws {SettingsError} for a setting that is not a whole number above 0 */
export function settingsOf(options: McpSessionsOptions): McpSettings {
  const hour = 3_600_000
  const {
    ttlMs = hour,
    lifeMs = Math.max(ttlMs, 168 * hour),
    maxLive = 1000,
    restMs = Math.min(300_000, ttlMs),
    watchMs = 2000,
    resumeMs = 10_000,
    report = (error, what) => console.error(`Could not ${what}:`, error),
    now = Date.now,
  } = options
  for (const [name, value] of Object.entries({ ttlMs, lifeMs, maxLive, restMs, watchMs, resumeMs })) {
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new SettingsError(`${name} must be a whole number above 0.`)
    }
  }
  return { ttlMs, lifeMs, maxLive, restMs, watchMs, resumeMs, report, now }
}

import type { RefusalCode } from '../errors.ts'
import type { ReplicaPool } from './replica-pool.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'

/** The client at the other end of a connection. */
export interface Peer {
  readonly address: string
  readonly proto: 'http' | 'https'
}

/** What happened on one request, for whoever counts and logs it. */
export interface ExchangeSummary {
  readonly method: string
  readonly target: string
  readonly peer: Peer
  /** The status sent to the client; 0 when it left before there was one. */
  readonly status: number
  readonly refusal: RefusalCode | undefined
  /** Whether the client left before its answer was complete. */
  readonly aborted: boolean
  readonly retries: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly durationMs: number
  readonly upgraded: boolean
}

/**
 * Where one request goes: made by the router for each request, asked by the data path at each turn. The data
 * path knows nothing of sessions, and the router nothing of sockets.
 */
export interface Route {
  /** Set when the request can't be routed (or, after `next`, no longer). */
  readonly refusal: RefusalCode | undefined
  /** Field lines for the client where the request is refused, each with its CRLF. */
  readonly refusalLines: string
  /** The connections of the chosen replica. */
  readonly pool: ReplicaPool
  /** Whether `requestLines` hold a Host that takes the client's place. */
  readonly replacesHost: boolean
  /** Field lines for the chosen replica, each with its CRLF. */
  readonly requestLines: string
  /** Field lines for the client, each with its CRLF; known after `responded`. */
  readonly responseLines: string
  /** Whether `responseLines` hold a Cache-Control that takes the replica's place; known after `responded`. */
  readonly replacesCacheControl: boolean
  /** The chosen replica did not get the request. Chooses the next; false when there is none (see `refusal`). */
  next(failure: 'refused' | 'connect-timeout'): boolean
  /** The chosen replica answers with `head`, final or 101. */
  responded(head: ResponseHead): void
  /** The request is over. Called once for each route, whatever happened. */
  finished(summary: ExchangeSummary): void
}

/** The router, as the data path sees it. */
export interface Routing {
  /** A head was refused before it could be routed. */
  refused(code: RefusalCode): void
  /** Chooses where the request goes. `head` may be read during the call only. */
  route(head: RequestHead, peer: Peer): Route
}

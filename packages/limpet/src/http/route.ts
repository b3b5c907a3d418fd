import type { RefusalCode } from '../errors.ts'
import type { TunnelEnd } from '../observe/counters.ts'
import type { AnswerContent } from './answer-content.ts'
import type { Content } from './content.ts'
import type { RefusalWriter } from './refusal-response.ts'
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
  /** Why the router ended the tunnel that the request had become, if it did. */
  readonly tunnelEnd: TunnelEnd | undefined
}

/** An upgraded connection, as whoever knows when it has to go sees it. */
export interface OpenTunnel {
  /**
   * Ends a WebSocket so that its client comes back: with a Close frame of code 1012 between two messages (RFC 6455
   * §5.5.1). Does nothing for one that is ending, and for other protocols, which have no such word.
   */
  leave(why: TunnelEnd): void
}

/** What becomes of a request's head on its way, besides what every hop does. */
export interface RequestChanges {
  /** Whether the route's `requestLines` hold a Host that takes the client's place. */
  readonly replacesHost: boolean
  /** Fields, lower case, that are not passed on: `requestLines` hold what takes their place. */
  readonly replacedFields: readonly string[]
  /** The target that the replica sees; undefined: the client's. */
  readonly targetForReplica: string | undefined
}

/** A check of a request's content, which is made as the content goes by. */
export interface ContentCheck {
  /** More of the content, borrowed. */
  update(content: Content): void
  /** The content is whole, and its last piece not sent on yet: the reason to refuse the request, or undefined. */
  end(): RefusalCode | undefined
}

/** A request as it went to a replica. */
export interface SentRequest {
  /** Its request line and field lines, each with its CRLF, without the route's `requestLines`. */
  readonly head: string
  /** Whether it can be sent once more as it is: all of its content is at hand. */
  readonly mayRepeat: boolean
}

/** A route that decides by a request's content. */
export interface ContentWanted {
  /** How much of it is wanted, in bytes. */
  readonly mostBytes: number
  /**
   * Called once, before anything is sent: the content, whole and decoded, which may be edited in place; undefined
   * where there is more of it.
   */
  take(content: Buffer | undefined): void
}

/**
 * A route that may go on with a request at another replica although the first has answered. After each call that
 * says so, the route is undecided, or decided anew.
 */
export interface SecondThoughts {
  /** How much of this answer's content, in bytes, is to be seen before the client gets any of it; 0: it is fine. */
  doubts(head: ResponseHead): number
  /** Whether an answer that was doubted is not for the client after all. `content` is whole and decoded. */
  rejects(head: ResponseHead, content: Buffer, request: SentRequest): boolean
  /** Whether an answer whose content broke off is to be continued by another one. */
  reopens(): boolean
  /** The client's answer has begun. `again` has it go on with another, as if it broke off. */
  begins(again: () => void): void
  /** Whether this answer, to the request sent anew, is one that continues the client's. */
  continues(head: ResponseHead): boolean
}

/**
 * Where one request goes: made by the router for each request, asked by the data path at each turn. The data
 * path knows nothing of sessions, and the router nothing of sockets.
 */
export interface Route extends RequestChanges {
  /** Whether it is still to be decided where the request goes; ask then by `whenDecided`. */
  readonly undecided: boolean
  /** Set when the request can't be routed (or, after `next`, no longer). */
  readonly refusal: RefusalCode | undefined
  /** Field lines for the client where the request is refused, each with its CRLF. */
  readonly refusalLines: string
  /** Writes refusals in the way that the client's protocol has for them. */
  readonly writeRefusal: RefusalWriter
  readonly contentCheck: ContentCheck | undefined
  readonly contentWanted: ContentWanted | undefined
  readonly secondThoughts: SecondThoughts | undefined
  /** The connections of the chosen replica. */
  readonly pool: ReplicaPool
  /** Field lines for the chosen replica, each with its CRLF. */
  readonly requestLines: string
  /** Field lines for the client, each with its CRLF; known after `responded`. */
  readonly responseLines: string
  /** Whether `responseLines` hold a Cache-Control that takes the replica's place; known after `responded`. */
  readonly replacesCacheControl: boolean
  /** Fields of the answer, lower case, that are not passed on; known after `responded`. */
  readonly droppedFields: readonly string[]
  /** The content that is sent in place of the replica's, if it is; known after `responded`. */
  readonly answerContent: AnswerContent | undefined
  /** Calls `onDecided` once `undecided` is over, in another turn; never after `finished`. */
  whenDecided(onDecided: () => void): void
  /** The chosen replica did not get the request. Chooses the next; false when there is none (see `refusal`). */
  next(failure: 'refused' | 'connect-timeout'): boolean
  /** The chosen replica answers with `head`, final or 101. */
  responded(head: ResponseHead): void
  /** The connection is a tunnel from now on, until `finished`. */
  upgraded(tunnel: OpenTunnel): void
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

import type { McpConfig } from '../../config/schema.ts'
import { forwardResponseHead } from '../../http/forward-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { NamedSession, TranslatedAnswer } from '../dialect.ts'
import { SESSION_FIELD } from './era.ts'
import type { SessionIds } from './session-id.ts'
import type { SessionStreamParts } from './session-stream.ts'

/** What the dialect's calls of one service share. */
export interface CallParts {
  readonly config: McpConfig
  /** How long pins live, in milliseconds, as in `NamedSession`. */
  readonly ttlMs: number
  readonly maxAgeMs: number
  readonly sessionIds: SessionIds
  readonly streamIds: SessionIds
  readonly stateIds: SessionIds
}

/**
 * Clients' own content codings are not asked for where answers are read: what is compressed can't be.
 */
export const CODINGS_FIELD = 'accept-encoding'

/** A session by the name that its client knows it by. */
export function sessionOf({ ttlMs, maxAgeMs }: CallParts, key: string): NamedSession {
  return { key, carried: undefined, isNew: false, ttlMs, maxAgeMs }
}

/** An answer that is passed on, and of which nothing is learned. */
export const PASSED: TranslatedAnswer = {
  created: undefined,
  closed: false,
  droppedFields: [],
  lines: '',
  content: undefined,
}

/** Whether it is a success whose content can be read, and edited, as it is. */
export function isReadable(head: ResponseHead): boolean {
  if (head.status !== 200) return false
  const coding = head.fields.find('content-encoding')
  return coding === undefined || coding === 'identity'
}

/** Whether it is such an event stream. */
export function isStream(head: ResponseHead): boolean {
  return head.eventStream && isReadable(head)
}

/** What a stream is made with whose answer has this head, and in which the requests of `idsOf` wait for responses. */
export function streamParts(
  { config }: CallParts,
  head: ResponseHead,
  idsOf: SessionStreamParts['idsOf'],
): SessionStreamParts {
  return { status: head.status, head: reframedHead(head), silenceMs: config.keepAliveMs, idsOf }
}

/** For every stream: what stands between the router and its client must not hold events back. */
export function streamLines(head: ResponseHead): string {
  return head.eventStream && head.fields.find('x-accel-buffering') === undefined
    ? 'X-Accel-Buffering: no\r\n'
    : ''
}

/** The head of an answer whose content the router frames, without what it says anew. */
export function reframedHead(head: ResponseHead): string {
  return forwardResponseHead(head, {
    dropCoding: true,
    dropLength: true,
    dropCacheControl: false,
    dropped: [SESSION_FIELD, 'date'],
  })
}

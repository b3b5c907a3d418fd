import { forwardResponseHead } from '../../http/forward-response.ts'
import type { RefusalWriter } from '../../http/refusal-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { ContentCheck } from '../../http/route.ts'
import { sealId } from '../../session/id-suffix.ts'
import type { Keyring } from '../../session/keyring.ts'
import type { AnsweringReplica, NamedSession, TranslatedAnswer, Translation } from '../dialect.ts'
import { EVENT_STREAM, EventStreamAnswer } from './event-stream.ts'
import { ModelErrorAnswer, UnusableAnswer } from './model-error.ts'
import {
  isRoutableId,
  parseSaidSession,
  type SaidSession,
  SESSION_FIELD,
  sayNewSession,
} from './session-id.ts'

const NEW = 'x-amzn-sagemaker-new-session-id'
const CLOSED = 'x-amzn-sagemaker-closed-session-id'

/** Fields that only the router tells a client. */
const OWN_ANSWER_FIELDS = [
  SESSION_FIELD,
  NEW,
  CLOSED,
  'x-amzn-requestid',
  'x-amzn-invoked-production-variant',
]
/** What describes a container's content and not the event stream that it becomes. */
const CONTENT_FIELDS = [
  'content-type',
  'content-encoding',
  'x-amzn-sagemaker-content-type',
  'etag',
  'accept-ranges',
]

/** A session that exists, by both its names. */
export interface HeldSession extends NamedSession {
  /** The container's own id. */
  readonly containerId: string
}

/** What one invocation is made with. */
export interface InvocationParts {
  readonly keyring: Keyring
  /** The tag of what its sessions belong to, by the signing key. */
  readonly scope: string
  /** How long a session lives whose container gives no expiry. */
  readonly ttlMs: number
  readonly streams: boolean
  readonly query: string
  readonly session: NamedSession | undefined
  readonly held: HeldSession | undefined
  /** Field lines for every answer. */
  readonly lines: string
  readonly replacedFields: readonly string[]
  readonly requestLines: string
  readonly contentCheck: ContentCheck | undefined
  readonly writeRefusal: RefusalWriter
}

/** One InvokeEndpoint or InvokeEndpointWithResponseStream, as its container sees it, and its answer. */
export class Invocation implements Translation {
  readonly session: NamedSession | undefined
  readonly targetForReplica: string
  readonly replacedFields: readonly string[]
  readonly requestLines: string
  readonly contentCheck: ContentCheck | undefined
  readonly writeRefusal: RefusalWriter
  readonly #parts: InvocationParts

  constructor(parts: InvocationParts) {
    this.#parts = parts
    this.session = parts.session
    this.targetForReplica = `/invocations${parts.query}`
    this.replacedFields = parts.replacedFields
    this.requestLines = parts.requestLines
    this.contentCheck = parts.contentCheck
    this.writeRefusal = parts.writeRefusal
  }

  answer(head: ResponseHead, { replicaTag }: AnsweringReplica, nowMs: number): TranslatedAnswer {
    const { streams, lines, held } = this.#parts
    if (head.status < 200 || head.status >= 300)
      return { ...NOTHING_LEARNED, lines, content: new ModelErrorAnswer(head.status) }
    const said = this.#newSession(head)
    if (said !== undefined && !isRoutableId(said.id)) {
      const message = 'The container gave a session id that is not one the protocol allows.'
      return { ...NOTHING_LEARNED, lines, content: new UnusableAnswer(head.status, message) }
    }
    const created = said && this.#create(said, replicaTag, nowMs)
    const closed = held !== undefined && said === undefined && closedId(head) === held.containerId
    let sessionLines = ''
    if (created !== undefined) sessionLines += `X-Amzn-SageMaker-New-Session-Id: ${created.told}\r\n`
    if (closed) sessionLines += `X-Amzn-SageMaker-Closed-Session-Id: ${held.key}\r\n`
    return {
      created: created?.session,
      closed,
      droppedFields: OWN_ANSWER_FIELDS,
      lines: sessionLines + lines,
      content: streams && !head.hasNoContent('POST') ? eventStream(head) : undefined,
    }
  }

  /**
   * The session that a container says it has made, in either of the two fields that containers use. A bare
   * Session-Id is an echo, unless the client asked for a session and the container left out the expiry.
   */
  #newSession(head: ResponseHead): SaidSession | undefined {
    const { session, held } = this.#parts
    const inNew = head.fields.find(NEW)
    if (inNew !== undefined) return parseSaidSession(inNew)
    const inSession = held === undefined ? head.fields.find(SESSION_FIELD) : undefined
    const said = inSession === undefined ? undefined : parseSaidSession(inSession)
    return said?.expiresAtMs !== undefined || session?.isNew ? said : undefined
  }

  #create(said: SaidSession, replicaTag: string, nowMs: number): { session: NamedSession; told: string } {
    const { keyring, scope, ttlMs } = this.#parts
    const expiresAtMs = said.expiresAtMs ?? nowMs + ttlMs
    const key = sealId(keyring, said.id, { scope, replicaTag, expiresAtMs })
    const session = {
      key,
      carried: undefined,
      isNew: false,
      ttlMs: Math.max(expiresAtMs - nowMs, 0),
      maxAgeMs: 0,
    }
    return { session, told: sayNewSession(key, expiresAtMs) }
  }
}

const NOTHING_LEARNED = { created: undefined, closed: false, droppedFields: OWN_ANSWER_FIELDS }

function closedId(head: ResponseHead): string | undefined {
  const value = head.fields.find(CLOSED)
  return value === undefined ? undefined : parseSaidSession(value).id
}

/** The container's head without what describes its own content, and with what describes the stream. */
function eventStream(head: ResponseHead): EventStreamAnswer {
  const type = head.fields.find('x-amzn-sagemaker-content-type') ?? head.fields.find('content-type')
  let text = forwardResponseHead(head, {
    dropCoding: true,
    dropLength: true,
    dropCacheControl: false,
    dropped: [...OWN_ANSWER_FIELDS, ...CONTENT_FIELDS, 'date'],
  })
  text += `Content-Type: ${EVENT_STREAM}\r\n`
  if (type !== undefined) text += `X-Amzn-SageMaker-Content-Type: ${type}\r\n`
  return new EventStreamAnswer(head.status, text)
}

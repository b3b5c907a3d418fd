import type { RefusalWriter } from '../../http/refusal-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
import type { Opening, SettingChange } from '../../session/session-record.ts'
import type {
  Greeting,
  NamedSession,
  Revival,
  TranslatedAnswer,
  TranslatedContent,
  Translation,
} from '../dialect.ts'
import {
  type CallParts,
  CODINGS_FIELD,
  isStream,
  PASSED,
  sessionOf,
  streamLines,
  streamParts,
} from './call-parts.ts'
import { EndedAnswer } from './ended-answer.ts'
import { SESSION_FIELD } from './era.ts'
import { greetingOf } from './greeting.ts'
import { createRefusalWriter } from './refusals.ts'
import type { OpenedSession } from './session-id.ts'
import { SessionStream } from './session-stream.ts'
import { saysUnknownSession } from './unknown-session.ts'
import { WrittenMessage } from './written-message.ts'

/** Errors are short. */
const MOST_ERROR_BYTES = 16_384

const EVENT_FIELD = 'last-event-id'

const SET_LEVEL = 'logging/setLevel'
const SUBSCRIBE = 'resources/subscribe'
const UNSUBSCRIBE = 'resources/unsubscribe'
/** The methods that set something for the session, as they stand in a content. */
const settingMethods = [SET_LEVEL, SUBSCRIBE, UNSUBSCRIBE].map((method) => Buffer.from(`"${method}"`))

/** A request of a session of Streamable HTTP (2025-03-26 to 2025-11-25). */
export class SessionCall implements Translation, Revival {
  readonly session: NamedSession
  readonly targetForReplica = undefined
  readonly replacedFields = [SESSION_FIELD, EVENT_FIELD, CODINGS_FIELD]
  readonly contentCheck = undefined
  readonly content: TranslatedContent | undefined
  readonly revival: Revival = this
  readonly writeRefusal: RefusalWriter
  readonly revives: boolean
  reopens = false
  readonly #parts: CallParts
  readonly #method: string
  readonly #version: string | undefined
  readonly #written: WrittenMessage
  #idAtReplica: string
  /** The last event that the client has, of those that this home's stream can go on behind. */
  #lastEventId: string | undefined
  #stream: SessionStream | undefined

  constructor(parts: CallParts, request: KeyedRequest, clientId: string, opened: OpenedSession) {
    this.#parts = parts
    this.#method = request.method
    this.#version = request.header('mcp-protocol-version')
    this.session = { ...sessionOf(parts, clientId), carried: opened.carried }
    this.#idAtReplica = opened.idAtReplica
    this.#lastEventId = request.header(EVENT_FIELD)
    this.#written = new WrittenMessage(parts.config.contentBytes)
    this.revives = parts.config.recover === 'reinitialize'
    this.content = this.#method === 'POST' ? this.#written : undefined
    this.writeRefusal = createRefusalWriter(this.#written.idsOf)
  }

  get requestLines(): string {
    const lastEventId = this.#stream?.lastEventId ?? this.#lastEventId
    const lines = `Mcp-Session-Id: ${this.#idAtReplica}\r\n`
    return lastEventId === undefined ? lines : `${lines}Last-Event-ID: ${lastEventId}\r\n`
  }

  get idAtReplica(): string {
    return this.#idAtReplica
  }

  /** A session that was begun anew has no events of before. */
  set idAtReplica(id: string) {
    if (id === this.#idAtReplica) return
    this.#idAtReplica = id
    this.#lastEventId = undefined
    this.#stream?.forgetEvents()
  }

  answer(head: ResponseHead): TranslatedAnswer {
    const ends = this.#method === 'DELETE'
    // What its replica has lost has ended, as the client wants it.
    if (ends && head.status === 404) return { ...PASSED, closed: true, content: new EndedAnswer() }
    const isSuccess = head.status >= 200 && head.status < 300
    const lines =
      head.fields.find(SESSION_FIELD) === undefined ? '' : `Mcp-Session-Id: ${this.session.key}\r\n`
    const streams = isStream(head)
    this.reopens = streams && this.#method === 'GET'
    return {
      created: undefined,
      change: isSuccess ? this.#changeOf() : undefined,
      closed: isSuccess && ends,
      droppedFields: [SESSION_FIELD],
      lines: lines + streamLines(head),
      content: streams ? this.#streamOf(head) : undefined,
    }
  }

  /** The first of an exchange stays, and goes on with what other replicas send. */
  #streamOf(head: ResponseHead): SessionStream {
    this.#stream ??= new SessionStream(streamParts(this.#parts, head, this.#written.idsOf))
    return this.#stream
  }

  doubts(head: ResponseHead): number {
    // Who ends a session does not want it begun anew.
    if (this.#method === 'DELETE') return 0
    return head.status === 404 || head.status === 400 ? MOST_ERROR_BYTES : 0
  }

  isUnknown(head: ResponseHead, content: Buffer): boolean {
    return saysUnknownSession(head.status, content)
  }

  continues(head: ResponseHead): boolean {
    return isStream(head)
  }

  greeting(record: Opening): Greeting {
    return greetingOf(record, this.#version)
  }

  #changeOf(): SettingChange | undefined {
    const { bytes } = this.#written
    if (bytes === undefined || !settingMethods.some((method) => bytes.includes(method))) return undefined
    const { method, uri } = this.#written.message
    const content = bytes.toString('utf8')
    if (method === SET_LEVEL) return { name: method, content }
    if (uri === undefined || (method !== SUBSCRIBE && method !== UNSUBSCRIBE)) return undefined
    return { name: `${SUBSCRIBE} ${uri}`, content: method === SUBSCRIBE ? content : undefined }
  }
}

import type { RefusalWriter } from '../../http/refusal-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
import type { Opening, SettingChange } from '../../session/session-record.ts'
import type {
  AnsweringReplica,
  Greeting,
  NamedSession,
  Revival,
  TranslatedAnswer,
  TranslatedContent,
  Translation,
} from '../dialect.ts'
import {
  type CallParts,
  isReadable,
  isStream,
  PASSED,
  reframedHead,
  sessionOf,
  streamLines,
} from './call-parts.ts'
import { EndedAnswer } from './ended-answer.ts'
import { SESSION_FIELD } from './era.ts'
import { greetingOf } from './greeting.ts'
import { type ClientMessage, readMessage } from './message.ts'
import { createRefusalWriter } from './refusals.ts'
import type { OpenedSession } from './session-id.ts'
import { SessionStream } from './session-stream.ts'
import { saysUnknownSession } from './unknown-session.ts'

/** Errors are short. */
const MOST_ERROR_BYTES = 16_384

const SET_LEVEL = 'logging/setLevel'
const SUBSCRIBE = 'resources/subscribe'
const UNSUBSCRIBE = 'resources/unsubscribe'
/** The methods that set something for the session, as they stand in a content. */
const settingMethods = [SET_LEVEL, SUBSCRIBE, UNSUBSCRIBE].map((method) => Buffer.from(`"${method}"`))

/** A request of a session of Streamable HTTP (2025-03-26 to 2025-11-25). */
export class SessionCall implements Translation, TranslatedContent, Revival {
  readonly session: NamedSession
  readonly targetForReplica = undefined
  readonly replacedFields = [SESSION_FIELD]
  readonly contentCheck = undefined
  readonly content: TranslatedContent | undefined
  readonly revival: Revival = this
  readonly writeRefusal: RefusalWriter
  readonly mostBytes: number
  readonly revives: boolean
  idAtReplica: string
  reopens = false
  readonly #parts: CallParts
  readonly #method: string
  readonly #version: string | undefined
  #written: Buffer | undefined
  #message: ClientMessage | undefined

  constructor(parts: CallParts, request: KeyedRequest, clientId: string, opened: OpenedSession) {
    this.#parts = parts
    this.#method = request.method
    this.#version = request.header('mcp-protocol-version')
    this.session = { ...sessionOf(parts, clientId), carried: opened.carried }
    this.idAtReplica = opened.idAtReplica
    this.mostBytes = parts.config.contentBytes
    this.revives = parts.config.recover === 'reinitialize'
    this.content = this.#method === 'POST' ? this : undefined
    this.writeRefusal = createRefusalWriter(this.#idsOf)
  }

  get requestLines(): string {
    return `Mcp-Session-Id: ${this.idAtReplica}\r\n`
  }

  read(content: Buffer | undefined): void {
    this.#written = content
  }

  answer(head: ResponseHead, _: AnsweringReplica, _nowMs: number): TranslatedAnswer {
    const ends = this.#method === 'DELETE'
    // What its replica has lost has ended, as the client wants it.
    if (ends && head.status === 404) return { ...PASSED, closed: true, content: new EndedAnswer() }
    const isSuccess = head.status >= 200 && head.status < 300
    const lines =
      head.fields.find(SESSION_FIELD) === undefined ? '' : `Mcp-Session-Id: ${this.session.key}\r\n`
    const streams = isStream(head) && isReadable(head)
    this.reopens = streams && this.#method === 'GET'
    return {
      created: undefined,
      change: isSuccess ? this.#changeOf() : undefined,
      closed: isSuccess && ends,
      droppedFields: [SESSION_FIELD],
      lines: lines + streamLines(head),
      content: streams
        ? new SessionStream({
            status: head.status,
            head: reframedHead(head),
            silenceMs: this.#parts.config.keepAliveMs,
            idsOf: this.#idsOf,
          })
        : undefined,
    }
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
    return isStream(head) && isReadable(head)
  }

  greeting(record: Opening): Greeting {
    return greetingOf(record, this.#version)
  }

  readonly #idsOf = (): readonly (string | number)[] => this.#read().ids

  /** Parsed where something needs to be known of it, which is seldom. */
  #read(): ClientMessage {
    this.#message ??= readMessage(this.#written ?? Buffer.alloc(0))
    return this.#message
  }

  #changeOf(): SettingChange | undefined {
    const written = this.#written
    if (written === undefined || !settingMethods.some((method) => written.includes(method))) return undefined
    const { method, uri } = this.#read()
    const content = written.toString('utf8')
    if (method === SET_LEVEL) return { name: method, content }
    if (uri === undefined || (method !== SUBSCRIBE && method !== UNSUBSCRIBE)) return undefined
    return { name: `${SUBSCRIBE} ${uri}`, content: method === SUBSCRIBE ? content : undefined }
  }
}

import { randomUUID } from 'node:crypto'
import type { RefusalWriter } from '../../http/refusal-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import { mostRecordLength } from '../../session/session-record.ts'
import type {
  AnsweringReplica,
  NamedSession,
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
import { SESSION_FIELD } from './era.ts'
import { createRefusalWriter } from './refusals.ts'
import { SessionStream } from './session-stream.ts'
import { WrittenMessage } from './written-message.ts'

const INITIALIZE = Buffer.from('"initialize"')

/** A session that has no id yet; until then a name that nobody else has. */
export function namelessSession(parts: CallParts): NamedSession {
  return { ...sessionOf(parts, `\0new\0${randomUUID()}`), isNew: true }
}

/** A POST that names no session: it begins one, or its server has none. */
export class OpeningCall implements Translation, TranslatedContent {
  session: NamedSession | undefined
  readonly targetForReplica = undefined
  readonly replacedFields = [CODINGS_FIELD]
  readonly requestLines = ''
  readonly contentCheck = undefined
  readonly content: TranslatedContent = this
  readonly writeRefusal: RefusalWriter
  readonly mostBytes: number
  readonly #parts: CallParts
  readonly #principal: string | undefined
  readonly #written: WrittenMessage

  /** `other`: the session that the request belongs to by another source, if there is one. */
  constructor(parts: CallParts, other: NamedSession | undefined, principal: string | undefined) {
    this.#parts = parts
    this.#principal = principal
    this.session = other
    this.mostBytes = parts.config.contentBytes
    this.#written = new WrittenMessage(this.mostBytes)
    this.writeRefusal = createRefusalWriter(this.#written.idsOf)
  }

  read(content: Buffer | undefined): void {
    this.#written.read(content)
    if (content?.includes(INITIALIZE) && this.#written.message.method === 'initialize')
      this.session ??= namelessSession(this.#parts)
  }

  answer(head: ResponseHead, home: AnsweringReplica): TranslatedAnswer {
    const idAtReplica = head.fields.find(SESSION_FIELD)
    const { sessionIds } = this.#parts
    const sealed =
      idAtReplica === undefined || head.status !== 200
        ? undefined
        : sessionIds.seal(idAtReplica, home.replicaTag, this.#principal)
    const isOpening = sealed !== undefined && this.#written.message.method === 'initialize'
    const opening = isOpening ? this.#written.bytes!.toString('utf8') : ''
    const isKept = isOpening && opening.length <= mostRecordLength
    return {
      ...PASSED,
      created: sealed === undefined ? undefined : sessionOf(this.#parts, sealed),
      record: isKept
        ? { epoch: 0, ttlMs: this.#parts.ttlMs, idAtReplica: idAtReplica!, opening, settings: [] }
        : undefined,
      droppedFields: sealed === undefined ? [] : [SESSION_FIELD],
      lines: (sealed === undefined ? '' : `Mcp-Session-Id: ${sealed}\r\n`) + streamLines(head),
      content: isStream(head)
        ? new SessionStream(streamParts(this.#parts, head, this.#written.idsOf))
        : undefined,
    }
  }
}

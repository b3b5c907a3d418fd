import type { RefusalWriter } from '../../http/refusal-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
import type { AnsweringReplica, NamedSession, TranslatedAnswer, Translation } from '../dialect.ts'
import {
  type CallParts,
  CODINGS_FIELD,
  isStream,
  PASSED,
  reframedHead,
  sessionOf,
  streamLines,
} from './call-parts.ts'
import { EndpointStream } from './endpoint-stream.ts'
import type { SessionParameter } from './era.ts'
import { namelessSession } from './opening-call.ts'
import { createRefusalWriter } from './refusals.ts'
import type { OpenedSession } from './session-id.ts'
import { WrittenMessage } from './written-message.ts'

const writeRefusal = createRefusalWriter(() => [])

/** A GET that opens a stream of HTTP+SSE (2024-11-05), which is a session as long as it lasts. */
export class StreamCall implements Translation {
  readonly session: NamedSession
  readonly targetForReplica = undefined
  readonly replacedFields = [CODINGS_FIELD]
  readonly requestLines = ''
  readonly contentCheck = undefined
  readonly writeRefusal: RefusalWriter = writeRefusal
  readonly #parts: CallParts
  readonly #principal: string | undefined

  /** `other`: the session that the request belongs to by another source, if there is one. */
  constructor(parts: CallParts, other: NamedSession | undefined, principal: string | undefined) {
    this.#parts = parts
    this.#principal = principal
    this.session = other ?? namelessSession(parts)
  }

  answer(head: ResponseHead, { replicaTag }: AnsweringReplica): TranslatedAnswer {
    const { streamIds, config } = this.#parts
    const seal = (id: string) => streamIds.seal(id, replicaTag, this.#principal)
    return {
      ...PASSED,
      lines: streamLines(head),
      content: isStream(head)
        ? new EndpointStream(head.status, reframedHead(head), config.keepAliveMs, seal)
        : undefined,
    }
  }
}

/** A POST to the URL that such a stream told. It is lost with its stream, so it can't go elsewhere. */
export class PostToStream implements Translation {
  readonly session: NamedSession
  readonly targetForReplica: string
  readonly replacedFields = []
  readonly requestLines = ''
  readonly contentCheck = undefined
  readonly content: WrittenMessage
  readonly writeRefusal: RefusalWriter

  constructor(parts: CallParts, { target }: KeyedRequest, name: SessionParameter, opened: OpenedSession) {
    this.session = { ...sessionOf(parts, `\0stream\0${name.value}`), carried: opened.carried, ends: true }
    this.content = new WrittenMessage(parts.config.contentBytes)
    this.writeRefusal = createRefusalWriter(this.content.idsOf)
    this.targetForReplica = target.slice(0, name.from) + opened.idAtReplica + target.slice(name.to)
  }

  answer(): TranslatedAnswer {
    return PASSED
  }
}

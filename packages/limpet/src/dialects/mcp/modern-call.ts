import type { RefusalWriter } from '../../http/refusal-response.ts'
import type { ResponseHead } from '../../http/response-head.ts'
import type { KeyedRequest } from '../../session/session-key.ts'
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
  isReadable,
  PASSED,
  reframedHead,
  sessionOf,
  streamLines,
  streamParts,
} from './call-parts.ts'
import { findString } from './find-string.ts'
import { createRefusalWriter } from './refusals.ts'
import { openState, sealState } from './request-state.ts'
import { JsonResult, StreamedResult } from './result-answer.ts'
import { WrittenMessage } from './written-message.ts'

/** Requests that a server may answer with a task, or with a state for the client to bring back. */
const statefulMethods = new Set(['tools/call', 'prompts/get', 'resources/read'])
/** Requests about a task, which they name in `Mcp-Name`. */
const taskMethod = /^tasks\/(?:get|update|cancel|result)$/
/** Where a result tells of a task that was created. */
const taskPaths = [
  ['result', 'taskId'],
  ['result', 'task', 'taskId'],
]

/** A request of the revisions without sessions (from 2026-07-28): it goes where its task or its state is. */
export class ModernCall implements Translation, TranslatedContent {
  session: NamedSession | undefined
  readonly targetForReplica = undefined
  readonly replacedFields = [CODINGS_FIELD]
  readonly requestLines = ''
  readonly contentCheck = undefined
  readonly content: TranslatedContent | undefined
  readonly writeRefusal: RefusalWriter
  readonly mostBytes: number
  readonly #parts: CallParts
  readonly #principal: string | undefined
  readonly #isStateful: boolean
  readonly #written: WrittenMessage

  /** `other`: the session that the request belongs to by another source, if there is one. */
  constructor(
    parts: CallParts,
    request: KeyedRequest,
    other: NamedSession | undefined,
    principal: string | undefined,
  ) {
    this.#parts = parts
    this.#principal = principal
    const method = request.header('mcp-method') ?? ''
    const name = request.header('mcp-name')
    this.#isStateful = statefulMethods.has(method)
    this.session = taskMethod.test(method) && name ? this.#taskSession(name) : other
    this.mostBytes = parts.config.contentBytes
    this.#written = new WrittenMessage(this.mostBytes)
    this.content = request.method === 'POST' ? this : undefined
    this.writeRefusal = createRefusalWriter(this.#written.idsOf)
  }

  read(content: Buffer | undefined): void {
    this.#written.read(content)
    if (content === undefined || !this.#isStateful) return
    const opened = openState(content, this.#parts.stateIds, this.#principal)
    if (opened === undefined) return
    const { idAtReplica, carried } = opened
    this.session = { ...sessionOf(this.#parts, `\0state\0${idAtReplica}`), carried, memory: 'carried' }
  }

  answer(head: ResponseHead, home: AnsweringReplica): TranslatedAnswer {
    return { ...PASSED, lines: streamLines(head), content: this.#contentOf(head, home) }
  }

  #contentOf(head: ResponseHead, home: AnsweringReplica): TranslatedAnswer['content'] {
    if (!isReadable(head)) return undefined
    const edit = (message: Buffer): Buffer => this.#edit(message, home)
    const { idsOf } = this.#written
    if (head.eventStream)
      return new StreamedResult(
        streamParts(this.#parts, head, idsOf),
        this.#isStateful ? edit : (message) => message,
      )
    const isJson = /^application\/json\b/i.test(head.fields.find('content-type') ?? '')
    return this.#isStateful && isJson ? new JsonResult(200, reframedHead(head), edit, idsOf) : undefined
  }

  #edit(message: Buffer, home: AnsweringReplica): Buffer {
    for (const path of taskPaths) {
      const place = findString(message, path)
      if (place !== undefined) home.learn(this.#taskSession(message.toString('latin1', place.from, place.to)))
    }
    return sealState(message, (state) => this.#parts.stateIds.seal(state, home.replicaTag, this.#principal))
  }

  /** A task is its principal's: nobody else's name for it leads anywhere. */
  #taskSession(name: string): NamedSession {
    return { ...sessionOf(this.#parts, `\0task\0${this.#principal ?? ''}\0${name}`), memory: 'learned' }
  }
}

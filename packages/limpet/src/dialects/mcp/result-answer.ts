import type { AnswerContent, ContentFault } from '../../http/answer-content.ts'
import { Content } from '../../http/content.ts'
import { HeldBytes } from '../../http/held-bytes.ts'
import { errorResponses } from './refusals.ts'
import { codeOf, SessionStream, type SessionStreamParts } from './session-stream.ts'

/** The longest result that is looked into, in bytes. */
const MOST_RESULT_BYTES = 262_144

/** What is done to each message of an answer; returns it, or another. */
export type MessageEdit = (message: Buffer) => Buffer

/** A JSON answer whose message is edited once it is whole. */
export class JsonResult implements AnswerContent {
  readonly status: number
  readonly head: string
  readonly #edit: MessageEdit
  readonly #idsOf: () => readonly (string | number)[]
  readonly #held = new HeldBytes()
  #passes = false

  constructor(status: number, head: string, edit: MessageEdit, idsOf: () => readonly (string | number)[]) {
    this.#idsOf = idsOf
    this.status = status
    this.head = head
    this.#edit = edit
  }

  pass(content: Content, out: Content): boolean {
    if (this.#passes) {
      out.addAll(content)
      return true
    }
    this.#held.appendAll(content)
    if (this.#held.length > MOST_RESULT_BYTES) {
      this.#passes = true
      out.add(this.#held.bytes, 0, this.#held.length)
    }
    return true
  }

  end(out: Content): void {
    if (this.#passes) return
    const edited = this.#edit(this.#held.filled)
    out.add(edited, 0, edited.length)
  }

  /** Nothing of it was passed on yet, unless it is long: then only the connection can tell. */
  fail(fault: ContentFault, out: Content): boolean {
    const ids = this.#idsOf()
    if (this.#passes || ids.length === 0) return false
    const text = Buffer.from(errorResponses(ids, codeOf[fault]), 'latin1')
    out.add(text, 0, text.length)
    return true
  }
}

/** An event stream whose messages are edited one by one. */
export class StreamedResult implements AnswerContent {
  readonly status: number
  readonly head: string
  readonly silenceMs: number
  readonly #stream: SessionStream
  readonly #edit: MessageEdit
  readonly #passed = new Content()

  constructor(parts: SessionStreamParts, edit: MessageEdit) {
    this.status = parts.status
    this.head = parts.head
    this.silenceMs = parts.silenceMs
    this.#stream = new SessionStream(parts)
    this.#edit = edit
  }

  pass(content: Content, out: Content): boolean {
    const passed = this.#passed
    passed.clear()
    this.#stream.pass(content, passed)
    if (passed.bytes > MOST_RESULT_BYTES) out.addAll(passed)
    else if (passed.bytes > 0) {
      const edited = this.#editEvents(passed.text())
      out.add(edited, 0, edited.length)
    }
    return true
  }

  end(out: Content): void {
    this.#stream.end(out)
  }

  fail(fault: ContentFault, out: Content): boolean {
    return this.#stream.fail(fault, out)
  }

  idle(out: Content): void {
    this.#stream.idle(out)
  }

  /** Messages of several data lines are left alone: no known server writes them so. */
  #editEvents(events: string): Buffer {
    const edited = events.replace(
      /^(data: ?)(\{.*\})(?=\r?\n\r?\n)/gm,
      (_, field: string, message: string) => {
        return field + this.#edit(Buffer.from(message, 'latin1')).toString('latin1')
      },
    )
    return Buffer.from(edited, 'latin1')
  }
}

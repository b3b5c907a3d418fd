import type { AnswerContent, ContentFault } from '../../http/answer-content.ts'
import { Content } from '../../http/content.ts'
import { errorResponse } from './refusals.ts'
import { WholeEvents } from './whole-events.ts'

/** The most of a stream's last events that is looked into for responses, in bytes. */
const MOST_LOOKED_INTO = 65_536
const COMMENT = Buffer.from(': limpet\n\n')

const codeOf = { cut: 'LIMPET_REPLICA_RESET', stalled: 'LIMPET_RESPONSE_TIMEOUT' } as const

/** What a stream is made with. */
export interface SessionStreamParts {
  readonly status: number
  /** As in `AnswerContent`. */
  readonly head: string
  /** How long it may be silent before a comment keeps it alive, in milliseconds; 0: for any time. */
  readonly silenceMs: number
  /** The requests that wait for responses in it. */
  idsOf(): readonly (string | number)[]
}

/**
 * An event stream of a session: passed on event by event, so that it can go on with another replica's stream, and
 * end with errors for the requests that have no response yet.
 */
export class SessionStream implements AnswerContent {
  readonly status: number
  readonly head: string
  readonly silenceMs: number
  readonly #idsOf: () => readonly (string | number)[]
  readonly #events = new WholeEvents()
  readonly #out = new Content()
  /** The last that was passed on. */
  #last = ''
  /** Whether an event had an id: the client may come back for more (`Last-Event-ID`). */
  #isResumable = false

  constructor({ status, head, silenceMs, idsOf }: SessionStreamParts) {
    this.status = status
    this.head = head
    this.silenceMs = silenceMs
    this.#idsOf = idsOf
  }

  pass(content: Content, out: Content): boolean {
    const passed = this.#out
    passed.clear()
    this.#events.take(content, passed)
    this.#look(passed)
    out.addAll(passed)
    return true
  }

  /** A stream that ends without the response, and without a way to come back for it, would be waited for in vain. */
  end(out: Content): void {
    this.#events.end(out)
    if (!this.#events.torn && !this.#isResumable) this.#addErrors('cut', out)
  }

  fail(fault: ContentFault, out: Content): boolean {
    return !this.#events.torn && this.#addErrors(fault, out)
  }

  idle(out: Content): void {
    if (!this.#events.torn) out.add(COMMENT, 0, COMMENT.length)
  }

  restart(): void {
    this.#events.restart()
  }

  #look(passed: Content): void {
    if (passed.bytes === 0) return
    this.#last = passed.bytes <= MOST_LOOKED_INTO ? passed.text() : ''
    this.#isResumable ||= /^id:/m.test(this.#last)
  }

  /** False: there is no request to tell of. */
  #addErrors(fault: ContentFault, out: Content): boolean {
    const waiting = this.#idsOf()
    if (waiting.length === 0) return false
    const answered = this.#last === '' ? new Set() : answeredIn(this.#last)
    for (const id of waiting) {
      if (answered.has(id)) continue
      const event = Buffer.from(`event: message\ndata: ${errorResponse(id, codeOf[fault])}\n\n`, 'latin1')
      out.add(event, 0, event.length)
    }
    return true
  }
}

/** The ids of the responses in some events. */
function answeredIn(events: string): Set<unknown> {
  const answered = new Set<unknown>()
  for (const event of events.split(/\r\n\r\n|\n\n|\r\r/)) {
    const data = [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n')
    try {
      const messages = [JSON.parse(data)].flat()
      for (const message of messages) if ('result' in message || 'error' in message) answered.add(message.id)
    } catch {
      // It is no message.
    }
  }
  return answered
}

import type { AnswerContent, ContentFault } from '../../http/answer-content.ts'
import { Content } from '../../http/content.ts'
import { errorResponse } from './refusals.ts'
import { WholeEvents } from './whole-events.ts'

/** What a fault is to the requests that wait. */
export const codeOf = { cut: 'LIMPET_REPLICA_RESET', stalled: 'LIMPET_RESPONSE_TIMEOUT' } as const

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
  /** The last that was passed on, which is looked into for responses when more comes or nothing more does. */
  #last = ''
  /** The requests whose responses were not passed on before that. */
  #waiting: Set<unknown> | undefined
  #lastEventId: string | undefined
  /** Whether an event went by that was too long to be looked into. */
  #isBlind = false

  constructor({ status, head, silenceMs, idsOf }: SessionStreamParts) {
    this.status = status
    this.head = head
    this.silenceMs = silenceMs
    this.#idsOf = idsOf
  }

  /** The id of the last event that had one: what follows it can be asked for. */
  get lastEventId(): string | undefined {
    return this.#lastEventId
  }

  /** What is to come has ids of its own. */
  forgetEvents(): void {
    this.#lastEventId = undefined
  }

  pass(content: Content, out: Content): boolean {
    const passed = this.#out
    const wasTorn = this.#events.torn
    passed.clear()
    this.#events.take(content, passed)
    if (wasTorn || this.#events.torn) this.#isBlind = true
    else this.#look(passed)
    out.addAll(passed)
    return true
  }

  /** A stream that ends without the response, and without a way to come back for it, would be waited for in vain. */
  end(out: Content): void {
    this.#events.end(out)
    if (!this.#events.torn && this.#lastEventId === undefined && !this.#isBlind) this.#addErrors('cut', out)
  }

  fail(fault: ContentFault, out: Content): boolean {
    return !this.#events.torn && this.#addErrors(fault, out)
  }

  idle(out: Content): void {
    this.#events.comment(out)
  }

  restart(): void {
    this.#events.restart()
  }

  #look(passed: Content): void {
    if (passed.bytes === 0) return
    const text = passed.text()
    // Ids are short, and one with other characters can't be asked for in a field.
    for (const [, id] of text.matchAll(/^id: ?([\x20-\x7e]{0,1024})\r?$/gm))
      this.#lastEventId = id || undefined
    if (this.#idsOf().length === 0) return
    this.#noteResponses()
    this.#last = text
  }

  #noteResponses(): void {
    if (/"(?:result|error)"/.test(this.#last)) {
      this.#waiting ??= new Set(this.#idsOf())
      for (const id of answeredIn(this.#last)) this.#waiting.delete(id)
    }
    this.#last = ''
  }

  /** False: there is no request to tell of. */
  #addErrors(fault: ContentFault, out: Content): boolean {
    const ids = this.#idsOf()
    if (ids.length === 0) return false
    this.#noteResponses()
    for (const id of ids) {
      if (this.#waiting?.has(id) === false) continue
      const event = Buffer.from(`event: message\ndata: ${errorResponse(id, codeOf[fault])}\n\n`, 'latin1')
      out.add(event, 0, event.length)
    }
    return true
  }
}

/** The ids of the responses in some events (UTF-8, read as Latin-1). */
function answeredIn(events: string): unknown[] {
  return events.split(/\r\n\r\n|\n\n|\r\r/).flatMap((event) => {
    const data = [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n')
    try {
      const messages = [JSON.parse(Buffer.from(data, 'latin1').toString('utf8'))].flat()
      return messages.filter(isResponse).map(({ id }) => id)
    } catch {
      return []
    }
  })
}

function isResponse(message: unknown): message is { id: unknown } {
  return typeof message === 'object' && message !== null && ('result' in message || 'error' in message)
}

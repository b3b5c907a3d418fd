import type { AnswerContent } from '../../http/answer-content.ts'
import { Content } from '../../http/content.ts'
import { findSessionParameter } from './era.ts'
import { WholeEvents } from './whole-events.ts'

/** The endpoint is the first event; a stream that has sent so much without one is something else, in bytes. */
const MOST_BEFORE_ENDPOINT = 16_384

/**
 * The event stream of HTTP+SSE (2024-11-05), which begins with the URL that the client is to post to: the session's
 * id in it becomes one that `seal` gives.
 */
export class EndpointStream implements AnswerContent {
  readonly status: number
  readonly head: string
  readonly silenceMs: number
  readonly #seal: (idAtReplica: string) => string | undefined
  readonly #events = new WholeEvents()
  readonly #out = new Content()
  #told = false
  #before = 0

  constructor(
    status: number,
    head: string,
    silenceMs: number,
    seal: (idAtReplica: string) => string | undefined,
  ) {
    this.status = status
    this.head = head
    this.silenceMs = silenceMs
    this.#seal = seal
  }

  pass(content: Content, out: Content): boolean {
    const passed = this.#out
    passed.clear()
    this.#events.take(content, passed)
    if (this.#told || passed.bytes === 0) {
      out.addAll(passed)
      return true
    }
    const text = passed.text()
    this.#before += text.length
    const told = text.replace(/^event: ?endpoint\r?\ndata: ?([^\r\n]+)/m, (event, url) => {
      this.#told = true
      return event.slice(0, event.length - url.length) + this.#tell(url)
    })
    if (this.#before > MOST_BEFORE_ENDPOINT) this.#told = true
    const bytes = Buffer.from(told, 'latin1')
    out.add(bytes, 0, bytes.length)
    return true
  }

  end(out: Content): void {
    this.#events.end(out)
  }

  fail(): boolean {
    return false
  }

  idle(out: Content): void {
    this.#events.comment(out)
  }

  #tell(url: string): string {
    const parameter = findSessionParameter(url)
    if (parameter === undefined) return url
    const sealed = this.#seal(parameter.value)
    return sealed === undefined ? url : url.slice(0, parameter.from) + sealed + url.slice(parameter.to)
  }
}

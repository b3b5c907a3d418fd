import type { AnswerContent, ContentFault } from '../../http/answer-content.ts'
import type { Content } from '../../http/content.ts'
import { asciiJson } from '../ascii-json.ts'
import { errorLines } from './refusals.ts'

/** How much of a container's error text is passed on; what is beyond is thrown away. */
const MOST_MESSAGE_BYTES = 16_384

const HEAD = `HTTP/1.1 424 Failed Dependency\r\n${errorLines('ModelError')}`

/** A container's answer of an error status, as the API has it: ModelError with the original inside. */
export class ModelErrorAnswer implements AnswerContent {
  readonly status = 424
  readonly head = HEAD
  readonly #originalStatus: number
  readonly #message = Buffer.allocUnsafe(MOST_MESSAGE_BYTES)
  #bytes = 0

  constructor(originalStatus: number) {
    this.#originalStatus = originalStatus
  }

  pass(content: Content): boolean {
    this.#bytes = content.copyTo(this.#message, this.#bytes)
    return this.#bytes < MOST_MESSAGE_BYTES
  }

  end(out: Content): void {
    const original = this.#message.toString('utf8', 0, this.#bytes)
    addModelError(out, this.#originalStatus, original)
  }

  fail(_fault: ContentFault, out: Content): boolean {
    this.end(out)
    return true
  }
}

/** An answer that says itself to be a success and can't be used: what the container sent is thrown away. */
export class UnusableAnswer implements AnswerContent {
  readonly status = 424
  readonly head = HEAD
  readonly #originalStatus: number
  readonly #message: string

  constructor(originalStatus: number, message: string) {
    this.#originalStatus = originalStatus
    this.#message = message
  }

  pass(): boolean {
    return false
  }

  end(out: Content): void {
    addModelError(out, this.#originalStatus, this.#message)
  }

  fail(_fault: ContentFault, out: Content): boolean {
    this.end(out)
    return true
  }
}

function addModelError(out: Content, status: number, original: string): void {
  const kind = status >= 500 ? 'server error' : status >= 400 ? 'client error' : 'unusable answer'
  const body = asciiJson({
    Message: `Received ${kind} (${status}) from primary with message "${original}"`,
    OriginalStatusCode: status,
    OriginalMessage: original,
    LogStreamArn: '',
  })
  const bytes = Buffer.from(body, 'latin1')
  out.add(bytes, 0, bytes.length)
}

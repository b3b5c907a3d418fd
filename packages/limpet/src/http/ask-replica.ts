import type { Content } from './content.ts'
import { HeldBytes } from './held-bytes.ts'
import type { Failure, ReplicaConnection, ResponseSink } from './replica-connection.ts'
import type { ReplicaPool } from './replica-pool.ts'
import type { ResponseHead } from './response-head.ts'

/** A request of the router's own. */
export interface Question {
  /** The request line and field lines, each with its CRLF, with the content's length. */
  readonly head: string
  /** UTF-8. */
  readonly content: string
  /** How long the whole answer may take, in milliseconds. */
  readonly timeoutMs: number
  /** The longest content that is read, in bytes. */
  readonly mostBytes: number
  /** Whether the content so far is all that is wanted of one that may go on for ever. */
  isEnough?(content: Buffer): boolean
}

/** An answer to one; the content is decoded. */
export interface Reply {
  readonly head: ResponseHead
  readonly content: Buffer
}

/** Asks a replica something, by a connection of its own. Undefined: no whole answer came. Never rejects. */
export function askReplica(pool: ReplicaPool, question: Question): Promise<Reply | undefined> {
  return new Promise((resolve) => new Asking(pool, question, resolve))
}

class Asking implements ResponseSink {
  readonly method = 'POST'
  readonly decodesChunks = true
  readonly silenceMs = 0
  readonly #question: Question
  readonly #connection: ReplicaConnection
  readonly #held = new HeldBytes()
  readonly #timer: NodeJS.Timeout
  readonly #onReply: (reply: Reply | undefined) => void
  #head: ResponseHead | undefined

  constructor(pool: ReplicaPool, question: Question, onReply: (reply: Reply | undefined) => void) {
    this.#question = question
    this.#onReply = onReply
    this.#timer = setTimeout(() => this.#giveUp(), question.timeoutMs)
    this.#connection = pool.acquire(true)
    this.#connection.begin(this, `${question.head}\r\n`, Buffer.from(question.content, 'utf8'), true)
  }

  onResponseHead(head: ResponseHead): void {
    this.#head = head.copy()
  }

  onContent(content: Content, done: boolean): void {
    this.#held.appendAll(content)
    const { mostBytes, isEnough } = this.#question
    const soFar = this.#held.filled
    if (done || isEnough?.(soFar)) {
      const reply = { head: this.#head!, content: soFar }
      this.#connection.destroy()
      this.#settle(reply)
    } else if (this.#held.length > mostBytes) this.#giveUp()
  }

  onFailure(_failure: Failure): void {
    this.#settle(undefined)
  }

  onSwitch(): boolean {
    return false
  }

  onConnected(): void {
    // What is to be sent waits in the connection.
  }

  onInterim(): void {
    // The final answer follows.
  }

  onReplicaDrain(): void {
    // All was written at once.
  }

  onSilence(): void {
    // The timer sees to it.
  }

  #giveUp(): void {
    this.#connection.destroy()
    this.#settle(undefined)
  }

  #settle(reply: Reply | undefined): void {
    clearTimeout(this.#timer)
    this.#onReply(reply)
  }
}

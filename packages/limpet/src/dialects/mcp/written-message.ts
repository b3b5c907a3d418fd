import type { TranslatedContent } from '../dialect.ts'
import { type ClientMessage, readMessage } from './message.ts'

const NOTHING = Buffer.alloc(0)

/** What a request's content says, once it is there; parsed where something is asked of it, which is seldom. */
export class WrittenMessage implements TranslatedContent {
  readonly mostBytes: number
  /** The content; undefined: it has not come, or there is more of it. */
  bytes: Buffer | undefined
  #message: ClientMessage | undefined

  constructor(mostBytes: number) {
    this.mostBytes = mostBytes
  }

  read(content: Buffer | undefined): void {
    this.bytes = content
  }

  get message(): ClientMessage {
    this.#message ??= readMessage(this.bytes ?? NOTHING)
    return this.#message
  }

  /** The requests in it, which wait for responses. */
  readonly idsOf = (): readonly (string | number)[] => this.message.ids
}

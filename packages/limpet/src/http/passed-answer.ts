import type { AnswerContent } from './answer-content.ts'
import type { Content } from './content.ts'

/** A replica's content as it is, in a framing of the router's own. */
export class PassedAnswer implements AnswerContent {
  readonly status: number
  readonly head: string

  constructor(status: number, head: string) {
    this.status = status
    this.head = head
  }

  pass(content: Content, out: Content): boolean {
    out.addAll(content)
    return true
  }

  end(): void {
    // There is no more to it.
  }

  fail(): boolean {
    return false
  }
}

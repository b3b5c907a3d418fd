import type { AnswerContent } from '../../http/answer-content.ts'

/** Says that a session has ended, in place of a replica that did not know it. */
export class EndedAnswer implements AnswerContent {
  readonly status = 200
  readonly head = 'HTTP/1.1 200 OK\r\n'

  pass(): boolean {
    return false
  }

  end(): void {
    // It has no content.
  }

  fail(): boolean {
    return true
  }
}

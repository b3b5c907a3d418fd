import type { ResponseHead } from '../../http/response-head.ts'
import type { NamedSession, TranslatedAnswer, Translation } from '../dialect.ts'
import { PASSED, streamLines } from './call-parts.ts'
import { createRefusalWriter } from './refusals.ts'

const writeRefusal = createRefusalWriter(() => [])

/** A request that is none of the protocol's sessions: preflights, metadata of authorization, health checks. */
export class PlainCall implements Translation {
  readonly session: NamedSession | undefined
  readonly targetForReplica = undefined
  readonly replacedFields = []
  readonly requestLines = ''
  readonly contentCheck = undefined
  readonly writeRefusal = writeRefusal

  constructor(session: NamedSession | undefined) {
    this.session = session
  }

  answer(head: ResponseHead): TranslatedAnswer {
    return { ...PASSED, lines: streamLines(head) }
  }
}

import type { Content } from './content.ts'

/** How a replica's content came to an end before it was whole. */
export type ContentFault = 'cut' | 'stalled'

/**
 * Content that a client gets in place of a replica's, of an answer with another head. The data path frames it
 * anew; every call adds to `out` what is to be sent, which may be nothing.
 */
export interface AnswerContent {
  readonly status: number
  /** The status line and field lines of the answer, each with its CRLF, without those that frame its content. */
  readonly head: string
  /** More of the replica's content, borrowed. False: no more of it is wanted, and `end` is to follow. */
  pass(content: Content, out: Content): boolean
  /** The replica's content is whole. */
  end(out: Content): void
  /** It will not become whole. False: nothing in the content can tell the client, so its connection must. */
  fail(fault: ContentFault, out: Content): boolean
  /** How long, in milliseconds, the replica may be silent before `idle`; 0 or undefined: for any time. */
  readonly silenceMs?: number
  /** The replica has been silent for so long. */
  idle?(out: Content): void
  /** Another answer goes on from here: what is not whole is to be forgotten. */
  restart?(): void
}

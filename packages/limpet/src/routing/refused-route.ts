import type { Refused, SessionState } from '../dialects/dialect.ts'
import { type RefusalCode, refusalCodes } from '../errors.ts'
import type { RefusalWriter } from '../http/refusal-response.ts'
import type { ReplicaPool } from '../http/replica-pool.ts'
import type { ContentCheck, ContentWanted, ExchangeSummary, Route } from '../http/route.ts'
import type { RoutedService } from './routed-service.ts'
import type { RouterParts } from './router-parts.ts'

/** The way of a request that ends before it has one. */
export class RefusedRoute implements Route {
  readonly refusal: RefusalCode
  readonly writeRefusal: RefusalWriter
  readonly undecided = false
  readonly refusalLines = ''
  readonly replacesHost = false
  readonly replacedFields: readonly string[] = []
  readonly targetForReplica = undefined
  readonly contentCheck: ContentCheck | undefined
  readonly contentWanted: ContentWanted | undefined
  readonly secondThoughts = undefined
  readonly requestLines = ''
  readonly responseLines = ''
  readonly droppedFields: readonly string[] = []
  readonly answerContent = undefined
  readonly replacesCacheControl = false
  readonly #parts: RouterParts
  readonly #service: RoutedService | undefined
  readonly #sessionState: SessionState

  constructor(refused: Refused, parts: RouterParts, service: RoutedService | undefined) {
    this.refusal = refused.refusal
    this.writeRefusal = refused.write
    this.contentCheck = refused.contentCheck
    const { content } = refused
    this.contentWanted = content && { mostBytes: content.mostBytes, take: (bytes) => content.read(bytes) }
    this.#sessionState = refused.session
    this.#parts = parts
    this.#service = service
  }

  whenDecided(): void {
    // It is decided.
  }

  get pool(): ReplicaPool {
    throw new TypeError('A refused request has no replica.')
  }

  next(): boolean {
    return false
  }

  responded(): void {
    // Nobody was asked.
  }

  upgraded(): void {
    // Nobody was asked.
  }

  finished(summary: ExchangeSummary): void {
    this.#parts.counters.refused(refusalCodes.indexOf(summary.refusal ?? this.refusal))
    this.#parts.accessLog?.write(summary, {
      service: this.#service?.config.name,
      replica: undefined,
      session: this.#sessionState,
      sessionHash: undefined,
      decision: undefined,
      reason: undefined,
    })
  }
}

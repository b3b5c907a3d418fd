import type { Decision, MoveReason, TunnelEnd } from './counters.ts'

/** What the data path knows of a request. */
export interface RequestSummary {
  readonly method: string
  readonly target: string
  readonly peer: { readonly address: string }
  readonly status: number
  readonly refusal: string | undefined
  readonly aborted: boolean
  readonly retries: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly durationMs: number
  readonly upgraded: boolean
  readonly tunnelEnd: TunnelEnd | undefined
}

/** What the router knows of it. */
export interface RoutedSummary {
  readonly service: string | undefined
  readonly replica: string | undefined
  /** What the client named: `none`, `new` (it has none, gets one), `valid`, `expired` or `unknown`. */
  readonly session: string
  readonly sessionHash: Uint32Array | undefined
  readonly decision: Decision | undefined
  readonly reason: MoveReason | undefined
}

/** One line of the access log, as JSON. */
export type AccessRecord = Readonly<Record<string, string | number | boolean | undefined>>

const BATCH = 256
const FLUSH_MS = 200

/**
 * Collects a thread's access records and hands them on in batches, so that a request pays for an object and no
 * more. Targets are logged without their query, which may hold keys; a session by the first 32 bits of its
 * keyed hash, which ties lines together and tells nothing.
 */
export class AccessLog {
  readonly #deliver: (records: AccessRecord[]) => void
  #batch: AccessRecord[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(deliver: (records: AccessRecord[]) => void) {
    this.#deliver = deliver
  }

  write(request: RequestSummary, routed: RoutedSummary): void {
    const question = request.target.indexOf('?')
    this.#batch.push({
      at: Date.now(),
      client: request.peer.address,
      method: request.method,
      path: question === -1 ? request.target : request.target.slice(0, question),
      status: request.status,
      ms: Math.round(request.durationMs * 1000) / 1000,
      in: request.requestBytes,
      out: request.responseBytes,
      service: routed.service,
      replica: routed.replica,
      session: routed.session,
      sid: routed.sessionHash && hex(routed.sessionHash[0]!),
      decision: routed.decision,
      reason: routed.reason,
      retries: request.retries === 0 ? undefined : request.retries,
      refused: request.refusal,
      aborted: request.aborted || undefined,
      upgraded: request.upgraded || undefined,
      ended: request.tunnelEnd,
    })
    if (this.#batch.length >= BATCH) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    this.#deliver(batch)
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

import type { RawClient } from './client.ts'
import type { RecordingReplica, ReplicaHandler } from './recording-replica.ts'

/** What a case found. `detail` says what the proxy did, in a few words; it is empty for a plain pass. */
export interface Outcome {
  readonly verdict: 'pass' | 'fail' | 'n/a'
  readonly detail: string
}

/** What the suite was told about the proxy under test. Times are milliseconds; absent means not known. */
export interface Settings {
  /** How long the proxy waits for a whole request head. */
  readonly headTimeoutMs?: number
  /** How long the proxy waits for the next bytes of a request body. */
  readonly bodyTimeoutMs?: number
  /** How long a body may drip, however steadily, below the proxy's minimum rate. */
  readonly bodyRateGraceMs?: number
  /** How long the proxy waits for a client that takes no bytes. */
  readonly writeStallMs?: number
  /** How long the proxy waits for the head of a response. */
  readonly responseTimeoutMs?: number
  /** How long the proxy's sticky cookie is valid. */
  readonly cookieTtlMs?: number
  /** A Host that the same proxy routes to another service, which has a sticky cookie too. */
  readonly otherServiceHost?: string
}

/** What a case works with: its own token, connections to the proxy, and the replica behind it. */
export interface CaseContext {
  /** Unique in the run; requests that carry it are this case's. */
  readonly token: string
  readonly replica: RecordingReplica
  readonly settings: Settings
  /** Opens a connection to the proxy; the runner destroys it when the case ends. */
  connect(): Promise<RawClient>
  /** Answers this case's requests from now on. */
  answer(handler: ReplicaHandler): void
}

/** One requirement, tested alone. */
export interface ConformanceCase {
  /** The row's number and a letter, such as `18c`. */
  readonly id: string
  /** Groups the variants of one requirement. */
  readonly row: number
  /** Where the requirement comes from. */
  readonly rfc: string
  readonly title: string
  /** The test catalogue that the idea comes from, where there is one. */
  readonly source?: string
  /** The RFC also permits an outcome that this case calls a failure. */
  readonly stricterThanRfc?: boolean
  /** Waits longer than two seconds by its nature. */
  readonly slow?: boolean
  /** Settings without which the case does not apply. */
  readonly needs?: readonly (keyof Settings)[]
  run(context: CaseContext): Promise<Outcome>
}

/** Thrown inside a case when the proxy did something else than required. */
export class CaseFailure extends Error {
  override readonly name = 'CaseFailure'
}

/** Thrown inside a case that turns out not to apply to this proxy. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable'
}

/** The outcome of a case that found what it required. */
export const passed: Outcome = { verdict: 'pass', detail: '' }

/** Ends the case as failed, with `detail` for the report, unless `holds`. */
export function demand(holds: boolean, detail: string): asserts holds {
  if (!holds) throw new CaseFailure(detail)
}

/** Resolves after `ms`; for cases whose subject is time, or that check that nothing happens. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Rejects with a CaseFailure that says `detail` when `promise` takes longer than `ms`. */
export async function within<T>(ms: number, promise: Promise<T>, detail: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CaseFailure(detail)), ms)
  })
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}

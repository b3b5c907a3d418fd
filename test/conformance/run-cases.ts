import { randomInt } from 'node:crypto'
import {
  type CaseContext,
  CaseFailure,
  type ConformanceCase,
  NotApplicable,
  type Outcome,
  pause,
  type Settings,
  within,
} from './case.ts'
import { openClient, type RawClient } from './client.ts'
import type { RecordingReplica } from './recording-replica.ts'

/** A case with what it found and how long it took. */
export interface CaseResult {
  readonly case: ConformanceCase
  readonly outcome: Outcome
  readonly tookMs: number
}

/** The proxy under test, and what is behind it. */
export interface Subject {
  readonly host: string
  readonly port: number
  readonly replica: RecordingReplica
  readonly settings: Settings
}

/** No case takes longer than this. */
const maxCaseMs = 20_000

/** How long the proxy has to notice that the last case's connections are gone. */
const betweenCasesMs = 10

/**
 * Runs the cases, one at a time and each with fresh connections to the replica, so that a proxy that mixes
 * up one of them fails only there. Those that wait by their nature run together at the end.
 */
export async function runCases(
  subject: Subject,
  cases: readonly ConformanceCase[],
  onResult: (result: CaseResult) => void = () => {},
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  const runAndTell = async (each: ConformanceCase) => {
    const result = await runCase(subject, each)
    results.push(result)
    onResult(result)
  }
  for (const each of cases.filter(({ slow }) => slow !== true))
    await runAlone(subject, () => runAndTell(each))
  const slow = cases.filter((each) => each.slow === true)
  await runAlone(subject, () => Promise.all(slow.map(runAndTell)))
  const place = new Map(cases.map((each, index) => [each.id, index]))
  return results.sort((one, other) => (place.get(one.case.id) ?? 0) - (place.get(other.case.id) ?? 0))
}

async function runAlone(subject: Subject, run: () => Promise<unknown>): Promise<void> {
  await run()
  subject.replica.reset()
  await pause(betweenCasesMs)
}

/** Runs one case. Whatever goes wrong in it is an outcome. */
export async function runCase(subject: Subject, each: ConformanceCase): Promise<CaseResult> {
  const { replica, settings } = subject
  const missing = each.needs?.find((name) => settings[name] === undefined)
  if (missing !== undefined) {
    return { case: each, outcome: { verdict: 'n/a', detail: `${missing} is not given` }, tookMs: 0 }
  }
  const token = `k${String(randomInt(1e8)).padStart(8, '0')}k`
  const clients: RawClient[] = []
  const context: CaseContext = {
    token,
    replica,
    settings,
    connect: async () => {
      const client = await openClient(subject.host, subject.port)
      clients.push(client)
      return client
    },
    answer: (handler) => replica.answer(token, handler),
  }
  const startedAtMs = performance.now()
  const outcome = await within(maxCaseMs, each.run(context), 'does not end').catch(outcomeOf)
  for (const client of clients) client.destroy()
  return { case: each, outcome, tookMs: Math.round(performance.now() - startedAtMs) }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof NotApplicable) return { verdict: 'n/a', detail: error.message }
  if (error instanceof CaseFailure) return { verdict: 'fail', detail: error.message }
  return {
    verdict: 'fail',
    detail: `the case broke: ${error instanceof Error ? error.stack : String(error)}`,
  }
}

import { writeFile } from 'node:fs/promises'
import type { ConformanceCase } from './case.ts'
import { startAlways400 } from './peers/always-400.ts'
import { startHaproxy } from './peers/haproxy.ts'
import { startLimpet } from './peers/limpet.ts'
import { startNginx } from './peers/nginx.ts'
import { startPassThrough } from './peers/pass-through.ts'
import { PeerMissing, type StartPeer } from './peers/peer.ts'
import { startRecordingReplica } from './recording-replica.ts'
import { type Column, closingLine, comparisonPage } from './report.ts'
import { type CaseResult, runCases } from './run-cases.ts'

/** The proxies that `--compare` sets side by side, in the order of the page. */
const compared: readonly StartPeer[] = [startLimpet, startNginx, startHaproxy]

/** Proxies that `--start NAME` can start. */
export const startable: Readonly<Record<string, StartPeer>> = {
  limpet: startLimpet,
  nginx: startNginx,
  haproxy: startHaproxy,
  'pass-through': startPassThrough,
  'always-400': startAlways400,
}

/** Starts a proxy in front of two recording replicas, runs the cases and stops it again. */
export async function runPeer(
  start: StartPeer,
  cases: readonly ConformanceCase[],
  onResult: (result: CaseResult) => void = () => {},
): Promise<Column> {
  const replica = await startRecordingReplica([0, 0])
  try {
    const peer = await start(replica.ports)
    try {
      const { title, host, port, settings } = peer
      return { title, results: await runCases({ host, port, replica, settings }, cases, onResult) }
    } finally {
      await peer.stop()
    }
  } finally {
    await replica.close()
  }
}

/** Runs every proxy that is there and writes the page to `file`; returns the columns. */
export async function compare(
  cases: readonly ConformanceCase[],
  file: URL,
  say: (line: string) => void,
): Promise<readonly Column[]> {
  const columns: Column[] = []
  const missing: string[] = []
  for (const start of compared) {
    try {
      const column = await runPeer(start, cases)
      columns.push(column)
      say(`${column.title}: ${closingLine(column.results)}`)
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error
      missing.push(error.message)
      say(error.message)
    }
  }
  await writeFile(file, comparisonPage(cases, columns, missing))
  return columns
}

import { parseArgs } from 'node:util'
import type { ConformanceCase, Settings } from './case.ts'
import { allCases } from './cases/index.ts'
import { compare, runPeer, startable } from './compare.ts'
import { PeerMissing } from './peers/peer.ts'
import { startRecordingReplica } from './recording-replica.ts'
import { closingLine, resultLine } from './report.ts'
import { type CaseResult, runCases } from './run-cases.ts'

const usage = `Usage:
  npm run conformance -- --proxy URL --replica-port N [--replica-port M] [options]
    Listens as the replica on N (and M), and runs all cases against the proxy at URL. Two replicas, and
    sessions named by the header x-session, let the cases about sessions apply.
  npm run conformance -- --start limpet|nginx|haproxy|pass-through|always-400 [options]
    Starts the proxy by itself. The last two are none, and show that every case can fail.
  npm run conformance -- --compare
    Starts Limpet, nginx and HAProxy, where they are, and writes docs/conformance.md.
Options:
  --only 18,19c           these rows and cases
  --fails                 print only what failed
  --json                  one JSON line for each case
  --head-timeout-ms N, --body-timeout-ms N, --body-rate-grace-ms N, --write-stall-ms N,
  --response-timeout-ms N, --cookie-ttl-ms N, --other-service-host NAME
                          how the proxy is set; cases that need what is not given are n/a
`

const { values } = parseArgs({
  options: {
    proxy: { type: 'string' },
    'replica-port': { type: 'string', multiple: true, default: [] },
    start: { type: 'string' },
    compare: { type: 'boolean', default: false },
    only: { type: 'string' },
    fails: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'head-timeout-ms': { type: 'string' },
    'body-timeout-ms': { type: 'string' },
    'body-rate-grace-ms': { type: 'string' },
    'write-stall-ms': { type: 'string' },
    'response-timeout-ms': { type: 'string' },
    'cookie-ttl-ms': { type: 'string' },
    'other-service-host': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

process.exitCode = await main()

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const cases = chosenCases()
  if (values.compare) {
    const page = new URL('../../docs/conformance.md', import.meta.url)
    await compare(cases, page, (line) => process.stdout.write(`${line}\n`))
    return 0
  }
  const results = await resultsOf(cases)
  if (results === undefined) return 2
  if (!values.json) process.stdout.write(`${closingLine(results)}\n`)
  return results.some(({ outcome }) => outcome.verdict === 'fail') ? 1 : 0
}

/** The results of the proxy that the flags name; undefined, with the reason on stderr, where they name none. */
async function resultsOf(cases: readonly ConformanceCase[]): Promise<readonly CaseResult[] | undefined> {
  if (values.start !== undefined) {
    const start = startable[values.start]
    if (start === undefined) return complain(`There is no proxy called ${values.start} to start.`)
    try {
      return (await runPeer(start, cases, tell)).results
    } catch (error) {
      if (error instanceof PeerMissing) return complain(error.message)
      throw error
    }
  }
  const ports = values['replica-port'].map(Number)
  if (values.proxy === undefined || ports.length === 0) return complain(usage)
  const { hostname, port } = new URL(values.proxy)
  const replica = await startRecordingReplica(ports)
  try {
    const host = hostname.replace(/^\[|\]$/g, '')
    return await runCases({ host, port: Number(port || 80), replica, settings: settings() }, cases, tell)
  } finally {
    await replica.close()
  }
}

function complain(message: string): undefined {
  process.stderr.write(`${message}\n`)
}

function chosenCases(): readonly ConformanceCase[] {
  const wanted = values.only?.split(',')
  if (wanted === undefined) return allCases
  return allCases.filter(({ id, row }) => wanted.includes(id) || wanted.includes(String(row)))
}

function settings(): Settings {
  const ms = (name: keyof Settings, text: string | undefined) =>
    text === undefined ? {} : { [name]: Number(text) }
  return {
    ...ms('headTimeoutMs', values['head-timeout-ms']),
    ...ms('bodyTimeoutMs', values['body-timeout-ms']),
    ...ms('bodyRateGraceMs', values['body-rate-grace-ms']),
    ...ms('writeStallMs', values['write-stall-ms']),
    ...ms('responseTimeoutMs', values['response-timeout-ms']),
    ...ms('cookieTtlMs', values['cookie-ttl-ms']),
    ...(values['other-service-host'] === undefined ? {} : { otherServiceHost: values['other-service-host'] }),
  }
}

function tell(result: CaseResult): void {
  if (values.fails && result.outcome.verdict === 'pass') return
  const { id, row, title } = result.case
  const line = values.json
    ? JSON.stringify({ id, row, title, ...result.outcome, tookMs: result.tookMs })
    : resultLine(result)
  process.stdout.write(`${line}\n`)
}

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installMcpTools, type Program, runProgram } from '../../kit/mcp/tools.ts'
import { temporaryFolder } from '../../kit/router.ts'

/** A run of the official suite: which version of it, and of what. */
export interface SuiteChoice {
  readonly program: Program
  readonly args: readonly string[]
}

/** What the suite says of one thing that it looks at. */
export interface Verdict {
  /** Scenario, check, and which time within the scenario. */
  readonly name: string
  readonly status: string
  readonly message: string
}

/** Runs the suite against an endpoint and gives its verdicts. */
export async function runConformance({ program, args }: SuiteChoice, endpoint: string): Promise<Verdict[]> {
  await installMcpTools()
  await using folder = await temporaryFolder()
  const results = join(folder.path, 'results')
  const run = await runProgram(program, ['server', '--url', endpoint, ...args, '-o', results])
  const scenarios = (await readdir(results).catch(() => [])).sort()
  if (scenarios.length === 0) throw new Error(`The suite ran no scenario: ${run.stdout}${run.stderr}`)
  const verdicts = scenarios.map(async (scenario) => {
    const checks = await readFile(join(results, scenario, 'checks.json'), 'utf8').catch(() => undefined)
    return verdictsOf(scenario, checks === undefined ? brokenOff : JSON.parse(checks))
  })
  return (await Promise.all(verdicts)).flat()
}

/** A scenario that throws leaves no checks. */
const brokenOff: readonly Check[] = [{ id: 'scenario', status: 'BROKEN OFF' }]

interface Check {
  readonly id: string
  readonly status: string
  readonly errorMessage?: string
}

/** What is only told (`INFO`), such as each event of a stream, is no verdict. */
function verdictsOf(folder: string, checks: readonly Check[]): Verdict[] {
  const scenario = folder.replace(/^server-|-\d{4}-\d{2}-\d{2}T[\d-]+Z$/g, '')
  const times = new Map<string, number>()
  return checks
    .filter(({ status }) => status !== 'INFO')
    .map(({ id, status, errorMessage = '' }) => {
      const time = (times.get(id) ?? 0) + 1
      times.set(id, time)
      return { name: `${scenario} ${id} ${time}`, status, message: errorMessage }
    })
}

/** Each verdict that is not as it was without a front, one a line. */
export function differences(baseline: readonly Verdict[], verdicts: readonly Verdict[]): string[] {
  const before = new Map(baseline.map((verdict) => [verdict.name, verdict]))
  const after = new Map(verdicts.map((verdict) => [verdict.name, verdict]))
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name) => {
    const [was, is] = [before.get(name)?.status ?? 'absent', after.get(name)?.status ?? 'absent']
    return was === is ? [] : [`${name}: ${was} without a front, ${is} behind it ${after.get(name)?.message}`]
  })
}

/** How many verdicts there are of each status. */
export function tallyOf(verdicts: readonly Verdict[]): Record<string, number> {
  const tally: Record<string, number> = {}
  for (const { status } of verdicts) tally[status] = (tally[status] ?? 0) + 1
  return tally
}

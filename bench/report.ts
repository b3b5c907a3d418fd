/**
 * Turns results into Markdown: `node bench/report.ts FOLDER` reads every JSON file that `run.ts --json` wrote there
 * and prints a section for each workload, in the order of `workloads/all.ts`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from './summary/result.ts'
import { markdownTable } from './summary/table.ts'
import { allWorkloads } from './workloads/all.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('Usage: node bench/report.ts FOLDER\n')
  process.exit(2)
}
const results = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result)
const place = ({ workload }: Result) => allWorkloads.findIndex(({ id }) => id === workload)
results.sort((a, b) => place(a) - place(b) || a.startedAt.localeCompare(b.startedAt))
process.stdout.write(results.map(markdownTable).join('\n'))

/**
 * Compares Limpet with other proxies: `npm run bench -- WORKLOAD`. See README.md beside this file.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { divideCores, pinSelf } from './measure/cores.ts'
import { openStage } from './measure/stage.ts'
import { allPeers } from './peers/all.ts'
import { measureRounds } from './rounds.ts'
import { ownId } from './summary/result.ts'
import { textTable } from './summary/table.ts'
import { allWorkloads } from './workloads/all.ts'

const usage = `Usage: npm run bench -- WORKLOAD [--rounds N] [--seconds S] [--peers a,b] [--json FILE]

Workloads: ${allWorkloads.map(({ id }) => id).join(', ')}
Peers:     ${allPeers.map(({ id }) => id).join(', ')} (all by default; Limpet always takes part)

  --rounds N    how often each proxy is measured, at least 1 (default 5)
  --seconds S   how long each time, at least 1 (default 5)
  --json FILE   also write the raw numbers
`

const options = readOptions()
if (process.platform !== 'linux') {
  process.stderr.write('Benchmarks pin processes to cores and read /proc, so they need Linux.\n')
  process.exit(2)
}
const cores = divideCores()
pinSelf(cores.load)
const stage = openStage()
try {
  const result = await measureRounds({
    ...options,
    cores,
    stage,
    say: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(`\n${textTable(result)}`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 1)}\n`)
  // Peers may be missing, but what was asked for by name may not, and Limpet never.
  if (result.leftOut.some(({ id }) => id === ownId || options.named.includes(id))) process.exitCode = 1
} finally {
  await stage.close()
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '5' },
        peers: { type: 'string' },
        json: { type: 'string' },
      },
    })
    const [name, ...more] = positionals
    const workload = allWorkloads.find(({ id }) => id === name)
    if (workload === undefined || more.length > 0)
      throw new Error(`One workload is needed, not "${positionals.join(' ')}".`)
    const named = values.peers?.split(',') ?? []
    const unknown = named.find((each) => !allPeers.some(({ id }) => id === each))
    if (unknown !== undefined) throw new Error(`There is no peer "${unknown}".`)
    const peers = allPeers.filter(({ id }) => id === ownId || named.length === 0 || named.includes(id))
    const [rounds, seconds] = [countOf('--rounds', values.rounds), countOf('--seconds', values.seconds)]
    return { workload, peers, named, rounds, seconds, json: values.json }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    process.exit(2)
  }
}

function countOf(flag: string, text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new Error(`${flag} must be a whole number, not "${text}".`)
  return count
}

import { parseArgs } from 'node:util'
import { runDifferential } from './differential.ts'
import { runLive } from './live-router.ts'
import { chooseSeed } from './random.ts'

// The long mode of the fuzz tests: half of the time against Node's parser, half against a running router.
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const minutes = Number(values.minutes)
const seed = values.seed === undefined ? chooseSeed() : Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write('Usage: node test/fuzz/run.ts [--minutes N] [--seed S]\n')
  process.exit(2)
}
process.stdout.write(`FUZZ_SEED=${seed}\n`)
const halfMs = minutes * 30_000
const { inputs, accepted, failures } = await runDifferential(seed, performance.now() + halfMs, 10)
process.stdout.write(`Against Node: ${inputs} inputs, ${accepted} accepted, ${failures.length} differences\n`)
const live = await runLive(seed, performance.now() + halfMs)
process.stdout.write(
  `Against a router: ${live.connections} connections, ${live.served} requests, ${live.answers} answers, ${live.failures.length} failures\n`,
)
for (const failure of [...failures, ...live.failures]) process.stdout.write(`\n${failure}\n`)
process.exitCode = failures.length + live.failures.length === 0 ? 0 : 1

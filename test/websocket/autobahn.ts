/**
 * Runs Autobahn's WebSocket suite against its own echo server, directly and through Limpet, and compares the
 * verdicts: `node test/websocket/autobahn.ts [--python2 PATH] [--python3 PATH] [CASE]...`, where a CASE is `1.*` or
 * `9.1.6`; all by default. Exits with 1 where a verdict differs. Not part of `npm test`, as it needs Python 2.7
 * and more than half an hour; `1.*` to `10.*` take half a minute, compression (`12.*`, `13.*`) the rest.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../kit/free-port.ts'
import { endProcess, startProcess, until } from '../kit/process.ts'
import { startRouter, temporaryFolder } from '../kit/router.ts'
import { installAutobahn } from './autobahn-environment.ts'

interface Verdict {
  /** OK, NON-STRICT, INFORMATIONAL, UNIMPLEMENTED or FAILED. */
  readonly behavior: string
  readonly behaviorClose: string
  readonly remoteCloseCode: number | null
}
type Report = Readonly<Record<string, Readonly<Record<string, Verdict>>>>

const { values, positionals: cases } = parseArgs({
  options: {
    python2: { type: 'string', default: 'python2.7' },
    python3: { type: 'string', default: 'python3' },
  },
  allowPositionals: true,
})
const wstest = await installAutobahn(values.python2, values.python3)
await using folder = await temporaryFolder()
const port = await freePort()
const server = startProcess(wstest, ['-m', 'testeeserver', '-w', `ws://127.0.0.1:${port}`], {
  stdio: 'ignore',
  cwd: folder.path,
})
await until('the echo server listens', () => isOpen(port), 20_000)
// Autobahn's server wants to see its own port in Host.
await using router = await startRouter({
  config: `services: [{ name: echo, host: replica, replicas: ["http://127.0.0.1:${port}"] }]`,
})
const spec = join(folder.path, 'spec.json')
const settings = {
  outdir: join(folder.path, 'reports'),
  servers: [
    { agent: 'direct', url: `ws://127.0.0.1:${port}` },
    { agent: 'limpet', url: router.url.replace('http', 'ws') },
  ],
  cases: cases.length === 0 ? ['*'] : cases,
  'exclude-cases': [],
  'exclude-agent-cases': {},
}
await writeFile(spec, JSON.stringify(settings))
const client = startProcess(wstest, ['-m', 'fuzzingclient', '-s', spec], {
  stdio: 'ignore',
  cwd: folder.path,
})
await new Promise((resolve) => client.once('exit', resolve))
await endProcess(server)

const report: Report = JSON.parse(await readFile(join(folder.path, 'reports/index.json'), 'utf8'))
const { direct = {}, limpet = {} } = report
const counts: Record<string, number> = {}
let differences = 0
for (const [name, expected] of Object.entries(direct)) {
  const found = limpet[name]
  counts[expected.behavior] = (counts[expected.behavior] ?? 0) + 1
  if (describe(found) === describe(expected)) continue
  differences++
  process.stdout.write(`${name}: directly ${describe(expected)}, through Limpet ${describe(found)}\n`)
}
const total = Object.keys(direct).length
process.stdout.write(`${total} cases, directly ${JSON.stringify(counts)}; ${differences} differ.\n`)
process.exitCode = total > 0 && differences === 0 ? 0 : 1

function describe(verdict: Verdict | undefined): string {
  if (verdict === undefined) return 'nothing'
  return `${verdict.behavior}, closing ${verdict.behaviorClose} with ${verdict.remoteCloseCode}`
}

function isOpen(at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

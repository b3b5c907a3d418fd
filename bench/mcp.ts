/**
 * What the MCP dialect costs a router: CPU for each call of a session, beside the same requests with sessions that
 * are named by a header, in turn. Run: `node bench/mcp.ts [--rounds N] [--seconds S]`. Needs what `README.md` lists.
 */
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SessionIds } from '../packages/limpet/src/dialects/mcp/session-id.ts'
import { parseKeyring } from '../packages/limpet/src/session/keyring.ts'
import { replicaTag } from '../packages/limpet/src/session/routing-claim.ts'
import { launchReplicas } from './launch.ts'
import { runWrk } from './load/wrk.ts'
import { divideCores, pinSelf } from './measure/cores.ts'
import { waitForPort } from './measure/pinned-process.ts'
import { readCpu } from './measure/proc-cpu.ts'
import { freePorts, openStage } from './measure/stage.ts'
import { nginxReplicas } from './replicas/nginx.ts'

const bin = fileURLToPath(new URL('../packages/limpet/bin/limpet.js', import.meta.url))
const keys = `1:${Buffer.alloc(32, 1).toString('base64url')}`
const call = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'search', arguments: { query: 'x'.repeat(200) } },
})

interface Router {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly request: string
  /** CPU in microseconds a request, a value a round. */
  readonly cpuUs: number[]
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '5' } },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const cores = divideCores()
pinSelf(cores.load)
const stage = openStage()

function requestOf(id: string): string {
  const lines = [
    'POST /small HTTP/1.1',
    'Host: bench.example',
    'Accept: application/json, text/event-stream',
    'Content-Type: application/json',
    'MCP-Protocol-Version: 2025-11-25',
    `Mcp-Session-Id: ${id}`,
    `Content-Length: ${Buffer.byteLength(call)}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${call}`
}

async function startRouter(
  name: string,
  options: readonly string[],
  id: string,
  replicas: readonly string[],
) {
  const [port = 0] = await freePorts(1)
  const folder = stage.folder(name)
  const listen = ['--workers', '1', '--listen', `127.0.0.1:${port}`]
  const targets = replicas.flatMap((each) => ['--replica', `http://${each}`])
  const command = [process.execPath, bin, 'serve', ...listen, ...options, ...targets]
  const environment = { XDG_STATE_HOME: folder, LIMPET_KEYS: keys }
  const started = stage.start({ cores: cores.proxy, command, folder, environment })
  await waitForPort(started, port)
  return { name, port, pid: started.pid, request: requestOf(id), cpuUs: [] as number[] } satisfies Router
}

async function cpuOf({ port, pid, request }: Router, forSeconds: number): Promise<number> {
  const before = readCpu(pid)
  const load = { port, request, connections: 64, sessions: 1, seconds: forSeconds, cores: cores.load }
  const { requests } = await runWrk(stage, load)
  const after = readCpu(pid)
  return (after.userUs - before.userUs + after.systemUs - before.systemUs) / requests
}

try {
  const replicas = (await launchReplicas(stage, nginxReplicas, 3, cores.load)).map(
    (port) => `127.0.0.1:${port}`,
  )
  const keyring = parseKeyring(keys)
  const id = '7f0c7b4e-1f3b-4c55-9a57-0d3f3f5f2a10'
  const tag = replicaTag(keyring, 1, 'default', replicas[0]!)
  const sealed = new SessionIds(keyring, 'default', 'session').seal(id, tag, undefined)!
  const routers = [
    await startRouter('header', ['--session', 'header:mcp-session-id'], sealed, replicas),
    await startRouter('mcp', ['--dialect', 'mcp'], sealed, replicas),
  ]
  for (const router of routers) await cpuOf(router, 3)
  for (let round = 0; round < rounds; round++)
    for (const router of routers) router.cpuUs.push(await cpuOf(router, seconds))
  console.log(`${cpus()[0]?.model}; one worker on one core; medians of ${rounds} rounds of ${seconds} s`)
  for (const { name, cpuUs } of routers) {
    const ratios = cpuUs.map((used, round) => used / routers[0]!.cpuUs[round]!)
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
    console.log(
      `${name.padEnd(8)}${median(cpuUs).toFixed(1).padStart(6)} µs of CPU a call, ${median(ratios).toFixed(2)} (${range}) of header`,
    )
  }
} finally {
  await stage.close()
}

/**
 * What a shared store costs a router: CPU at 1,000 new sessions a second without a store, with SQLite and with
 * Redis, in turn; then how many store calls known sessions make at full speed. Run: `node bench/store.ts [--rounds N]
 * [--seconds S]`. Needs what `README.md` lists, and redis-server.
 */
import { Agent, get } from 'node:http'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parsePrometheus } from '../test/kit/prometheus.ts'
import { startRedis } from '../test/kit/redis-server.ts'
import { launchReplicas } from './launch.ts'
import { runWrk } from './load/wrk.ts'
import { divideCores, pinSelf } from './measure/cores.ts'
import { waitForPort } from './measure/pinned-process.ts'
import { readCpu } from './measure/proc-cpu.ts'
import { freePorts, openStage, type Stage } from './measure/stage.ts'
import { nginxReplicas } from './replicas/nginx.ts'
import { getHead } from './workloads/requests.ts'

const NEW_PER_SECOND = 1000
const bin = fileURLToPath(new URL('../packages/limpet/bin/limpet.js', import.meta.url))

interface Router {
  readonly name: string
  readonly port: number
  readonly adminPort: number
  readonly pid: number
  /** CPU in milliseconds a second, a value a round. */
  readonly cpuMs: number[]
}

async function startRouter(
  stage: Stage,
  name: string,
  store: string | undefined,
  replicaPorts: readonly number[],
) {
  const [port = 0, adminPort = 0] = await freePorts(2)
  const folder = stage.folder(name)
  const replicas = replicaPorts.flatMap((each) => ['--replica', `http://127.0.0.1:${each}`])
  const options = ['--workers', '1', '--session', 'header:x-session', '--listen', `127.0.0.1:${port}`]
  const admin = ['--admin', `127.0.0.1:${adminPort}`, ...(store === undefined ? [] : ['--store', store])]
  const command = [process.execPath, bin, 'serve', ...options, ...admin, ...replicas]
  const started = stage.start({
    cores: cores.proxy,
    command,
    folder,
    environment: { XDG_STATE_HOME: folder },
  })
  await waitForPort(started, port)
  return { name, port, adminPort, pid: started.pid, cpuMs: [] } satisfies Router
}

/** Sends requests of sessions that nobody knows at a fixed rate, and gives the CPU that the router took for them. */
async function newSessions({ port, pid }: Router, label: string, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const began = performance.now()
  const before = readCpu(pid)
  let sent = 0
  const answers: Promise<void>[] = []
  while (sent < NEW_PER_SECOND * seconds) {
    const due = Math.min(((performance.now() - began) / 1000) * NEW_PER_SECOND, NEW_PER_SECOND * seconds)
    for (; sent < due; sent++) answers.push(ask(port, agent, `${label}-${sent}`))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(answers)
  const tookSeconds = (performance.now() - began) / 1000
  const after = readCpu(pid)
  agent.destroy()
  return (after.userUs - before.userUs + after.systemUs - before.systemUs) / 1000 / tookSeconds
}

function ask(port: number, agent: Agent, session: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-session': session }
    get({ host: '127.0.0.1', port, path: '/small', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`))
      response.resume().on('end', resolve).on('error', reject)
    }).on('error', reject)
  })
}

async function storeCalls({ adminPort }: Router): Promise<{ reads: number; records: number }> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  const metrics = parsePrometheus(text)
  return {
    reads: metrics.sum('limpet_store_reads_total'),
    records: metrics.sum('limpet_store_writes_total'),
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '10' } },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const cores = divideCores()
pinSelf(cores.load)
const stage = openStage()
await using redis = await startRedis()
try {
  const replicaPorts = await launchReplicas(stage, nginxReplicas, 3, cores.load)
  const sqlite = `sqlite:${stage.folder('pins')}/pins.db`
  const routers: Router[] = []
  for (const [name, store] of [
    ['no store', undefined],
    ['SQLite', sqlite],
    ['Redis', redis.url],
  ] as const)
    routers.push(await startRouter(stage, name, store, replicaPorts))
  for (const router of routers) await newSessions(router, 'warm', 3)
  for (let round = 0; round < rounds; round++)
    for (const router of routers) router.cpuMs.push(await newSessions(router, `r${round}`, seconds))

  const plain = median(routers[0]!.cpuMs)
  console.log(
    `${NEW_PER_SECOND} new sessions a second, one worker on one core; medians of ${rounds} rounds of ${seconds} s`,
  )
  for (const { name, cpuMs } of routers) {
    const used = median(cpuMs)
    const added = ((used - plain) / 10).toFixed(1)
    console.log(
      `${name.padEnd(10)}${(used / 10).toFixed(1).padStart(6)} % of the core, ${added} % more than without`,
    )
  }
  for (const router of routers.slice(1)) {
    const request = `${getHead('/small')}\r\n`
    const load = { port: router.port, request, connections: 64, sessions: 1000, cores: cores.load }
    await runWrk(stage, { ...load, seconds: 2 })
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = await storeCalls(router)
    const { requests, durationUs } = await runWrk(stage, { ...load, seconds })
    const after = await storeCalls(router)
    console.log(
      `${router.name.padEnd(10)}${Math.round((requests / durationUs) * 1e6)} requests/s on 1,000 known sessions: ` +
        `${after.reads - before.reads} lookups, ${after.records - before.records} records refreshed`,
    )
  }
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores, Node.js ${process.version}; router on core ${cores.proxy}`,
  )
} finally {
  await stage.close()
}

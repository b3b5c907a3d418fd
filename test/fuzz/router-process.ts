import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../packages/limpet/bin/limpet.js', import.meta.url))

/** A router in a process of its own, as a user runs it. */
export interface RouterProcess {
  readonly port: number
  /** What it wrote to standard output and error. */
  log(): string
  /** The value of a metric, summed over its labels. */
  metric(name: string): Promise<number>
  isRunning(): boolean
  /** Stops it and removes its files; resolves to the exit code, or null when it had to be killed. */
  stop(): Promise<number | null>
}

/** The router's timeouts in this test, in milliseconds. */
export const routerTimeouts = { headMs: 1000, requestBodyMs: 1000, idleMs: 2000 }

/** A replica on a port of 127.0.0.1; with `host`, for requests of that Host only. */
export interface FuzzedReplica {
  readonly port: number
  readonly host?: string
}

/** Starts `limpet serve` with one worker and a service for each replica. */
export async function startRouter(replicas: readonly FuzzedReplica[]): Promise<RouterProcess> {
  const [port, adminPort] = await freePorts()
  const folder = await mkdtemp(join(tmpdir(), 'limpet-fuzz-'))
  const file = join(folder, 'limpet.yaml')
  await writeFile(
    file,
    `listen: 127.0.0.1:${port}
admin: 127.0.0.1:${adminPort}
workers: 1
log: { level: info }
timeouts: { head: 1s, requestBody: 1s, idle: 2s, response: 1s, stream: 1s, writeStall: 2s }
services:
${replicas.map(serviceText).join('')}`,
  )
  const child = spawn(process.execPath, [program, 'serve', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LIMPET_KEYS: '', XDG_STATE_HOME: folder },
  })
  let log = ''
  const listening = Promise.withResolvers<void>()
  const onOutput = (text: Buffer): void => {
    log += text
    if (log.includes('limpet is listening')) listening.resolve()
  }
  child.stdout.on('data', onOutput)
  child.stderr.on('data', onOutput)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const ended = exited.then((code) => {
    throw new Error(`The router ended with ${code} before it listened:\n${log}`)
  })
  try {
    await Promise.race([listening.promise, ended])
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  ended.catch(() => {})
  return {
    port,
    log: () => log,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    metric: async (name) => sumOf(await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(), name),
    stop: async () => {
      child.kill()
      const hardKill = setTimeout(() => child.kill('SIGKILL'), 5000)
      const code = await exited
      clearTimeout(hardKill)
      await rm(folder, { recursive: true, force: true })
      return code
    },
  }
}

function serviceText({ port, host }: FuzzedReplica): string {
  return `  - name: ${host === undefined ? 'fuzzed' : 'careless'}
${host === undefined ? '' : `    match: { host: ${host} }\n`}    replicas: ["http://127.0.0.1:${port}"]
    session: ["header:x-s"]
    health: off
    ejection: off
`
}

function sumOf(metrics: string, name: string): number {
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  if (lines.length === 0) throw new Error(`There is no metric ${name}.`)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Two ports of 127.0.0.1 that nothing listens on now. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    ports.push(typeof address === 'object' && address !== null ? address.port : 0)
  }
  for (const server of servers) server.close()
  return [ports[0]!, ports[1]!]
}

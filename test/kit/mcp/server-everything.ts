import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'
import { endProcess, startProcess, until, within } from '../process.ts'
import type { Replica } from './front.ts'
import { installMcpTools, programHome, programPath } from './tools.ts'

/** The reference server of the protocol's makers, in a process of its own. */
export interface EverythingServer extends Replica, AsyncDisposable {
  /** How many sessions have begun there. */
  sessions(): number
}

/** Its two transports over HTTP, as its command line names them. */
export type EverythingMode = 'streamableHttp' | 'sse'

/** The line that it prints when a session begins. */
const begins = { streamableHttp: /^Session initialized/, sse: /^Client Connected/ }

export async function startEverythingServer(mode: EverythingMode, name: string): Promise<EverythingServer> {
  await installMcpTools()
  const home = await programHome()
  const port = await freePort()
  const preload = fileURLToPath(new URL('./listen-on-loopback.ts', import.meta.url))
  const child = startProcess(
    process.execPath,
    ['--import', preload, programPath('server-everything'), mode],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...home.env, PORT: `${port}` } },
  )
  let sessions = 0
  for (const output of [child.stdout!, child.stderr!])
    createInterface({ input: output }).on('line', (line) => {
      if (begins[mode].test(line)) sessions++
    })
  const url = `http://127.0.0.1:${port}`
  await within(
    15_000,
    `server-everything listens in mode ${mode}`,
    until('an answer', () => fetch(url).then(Boolean, () => false), 15_000),
  )
  return {
    name,
    url,
    sessions: () => sessions,
    async [Symbol.asyncDispose]() {
      await endProcess(child)
      await home[Symbol.asyncDispose]()
    },
  }
}

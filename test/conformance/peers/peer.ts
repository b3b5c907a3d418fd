import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pause, type Settings } from '../case.ts'

/** A proxy that was started for the suite. */
export interface Peer {
  /** Name and version. */
  readonly title: string
  readonly host: string
  readonly port: number
  readonly settings: Settings
  stop(): Promise<void>
}

/** Starts a proxy in front of the replicas on these ports of 127.0.0.1; throws PeerMissing if it can't. */
export type StartPeer = (replicaPorts: readonly number[]) => Promise<Peer>

/** A proxy that is not there; `message` says so in one line. */
export class PeerMissing extends Error {
  override readonly name = 'PeerMissing'
}

/** How to run a proxy. */
export interface PeerCommand {
  readonly title: string
  readonly port: number
  readonly settings: Settings
  /** Name and text of the config file, which is written to a folder of its own. */
  readonly config: { readonly name: string; readonly text: (folder: string) => string }
  /** The command, given the config file's folder and path. */
  readonly command: (folder: string, file: string) => readonly [program: string, ...args: string[]]
}

/** A port of 127.0.0.1 that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Runs the proxy and waits until it listens; its folder and process go when it is stopped. */
export async function startPeer({ title, port, settings, config, command }: PeerCommand): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  const file = join(folder, config.name)
  await writeFile(file, config.text(folder))
  const [program, ...args] = command(folder, file)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const keep = (text: Buffer) => {
    said = (said + text).slice(-2000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
  })
  let isRunning = true
  void exited.then(() => {
    isRunning = false
  })
  const stop = async () => {
    child.kill()
    const hardKill = setTimeout(() => child.kill('SIGKILL'), 3000)
    await exited
    clearTimeout(hardKill)
    await rm(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; attempt < 200; attempt++) {
    if (!isRunning) break
    if (await listens(port)) return { title, host: '127.0.0.1', port, settings, stop }
    await pause(50)
  }
  await stop()
  throw new PeerMissing(`${title} does not start: ${reasonIn(said)}`)
}

/** The line of a program's last words that names the fault. */
function reasonIn(said: string): string {
  const lines = said.trim().split('\n')
  return lines.find((line) => /error|emerg|alert/i.test(line))?.trim() ?? lines.at(-1) ?? ''
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

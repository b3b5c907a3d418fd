import { type ChildProcess, execFile, type SpawnOptions } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { endProcess, startProcess, until, within } from '../process.ts'
import { temporaryFolder } from '../router.ts'

const folder = fileURLToPath(new URL('../../mcp-tools', import.meta.url))

/** The programs of `test/mcp-tools`, each with the file that Node runs. */
const programs = {
  'conformance-0.1': 'conformance-0.1/dist/index.js',
  'conformance-0.2': 'conformance-0.2/dist/index.js',
  inspector: '@modelcontextprotocol/inspector/clients/launcher/build/index.js',
  'server-everything': '@modelcontextprotocol/server-everything/dist/index.js',
  'mcp-remote': 'mcp-remote/dist/proxy.js',
  mcporter: 'mcporter/dist/cli.js',
} as const

export type Program = keyof typeof programs

/**
 * Installs `test/mcp-tools` as its lock says, unless that is done, and throws with npm's reason where it can't be
 * done. Test files may ask for it at once: one installs, the others wait for it.
 */
export async function installMcpTools(): Promise<void> {
  const lock = await readFile(join(folder, 'package-lock.json'))
  const key = createHash('sha256').update(lock).digest('hex').slice(0, 16)
  const done = join(folder, 'node_modules', `.installed-${key}`)
  const turn = join(folder, '.installing')
  await until(
    'the MCP programs are installed',
    async () => existsSync(done) || (await isTaken(turn)),
    180_000,
  )
  if (existsSync(done)) return
  const alive = setInterval(() => utimes(turn, new Date(), new Date()), 1000)
  try {
    await install()
    await writeFile(done, '')
  } finally {
    clearInterval(alive)
    await rmdir(turn)
  }
}

/** Makes the folder whose maker may install. Where its maker has died, the next one takes it over. */
async function isTaken(turn: string): Promise<boolean> {
  try {
    await mkdir(turn)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const touched = await stat(turn).catch(() => undefined)
  if (touched !== undefined && Date.now() - touched.mtimeMs > 10_000) await rmdir(turn).catch(() => undefined)
  return false
}

async function install(): Promise<void> {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  try {
    await promisify(execFile)('npm', args, { cwd: folder })
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    throw new Error(`npm can't install the MCP programs of ${folder}: ${stderr?.trim() || message}`)
  }
}

/** A folder for all that a program keeps, so that it leaves nothing and finds nothing of its user's. */
export async function programHome(): Promise<{ path: string; env: NodeJS.ProcessEnv } & AsyncDisposable> {
  const home = await temporaryFolder()
  const env = {
    HOME: home.path,
    XDG_CONFIG_HOME: join(home.path, 'config'),
    XDG_CACHE_HOME: join(home.path, 'cache'),
    XDG_DATA_HOME: join(home.path, 'data'),
    XDG_STATE_HOME: join(home.path, 'state'),
    MCP_REMOTE_CONFIG_DIR: join(home.path, 'mcp-remote'),
    NO_COLOR: '1',
    CI: '1',
  }
  return { path: home.path, env, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() }
}

/** Starts a program with this process's own Node. `installMcpTools` must have been awaited. */
export function startProgram(
  program: Program,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return startProcess(process.execPath, [programPath(program), ...args], options)
}

export function programPath(program: Program): string {
  return join(folder, 'node_modules', programs[program])
}

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, in a home of its own. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  { timeoutMs = 60_000, cwd }: { timeoutMs?: number; cwd?: string } = {},
): Promise<ProgramResult> {
  await installMcpTools()
  await using home = await programHome()
  const child = startProgram(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: home.env,
    cwd: cwd ?? home.path,
  })
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    const code = await within(timeoutMs, `${program} ${args.join(' ')} ends`, closed)
    return { code, stdout, stderr }
  } finally {
    await endProcess(child)
  }
}

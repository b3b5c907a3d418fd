import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, within } from './process.ts'
import { parsePrometheus, type Samples } from './prometheus.ts'

/** One line of the router's log. */
export type LogLine = Readonly<Record<string, unknown>>

export interface TestRouter extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  readonly url: string
  readonly adminUrl: string
  readonly folder: string
  /** All log lines so far, access lines among them. */
  readonly log: readonly LogLine[]
  /** The first line, of those so far and to come, that `matches`. */
  logged(what: string, matches: (line: LogLine) => boolean): Promise<LogLine>
  /** The access lines so far. */
  accessLog(): LogLine[]
  metrics(): Promise<Samples>
  /** Replaces the config file as editors do, which the router notices by itself. */
  writeConfig(text: string): Promise<void>
  /** Does so and resolves when the router has taken it up. */
  reload(text: string): Promise<void>
  signal(name: NodeJS.Signals): void
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export interface RouterOptions {
  /** The config file's text. */
  readonly config: string
  readonly args?: readonly string[]
  readonly workers?: number
  readonly env?: NodeJS.ProcessEnv
  readonly listen?: string
  /** Its `ulimit -n`; by default this process's own. */
  readonly descriptors?: number
}

const command = fileURLToPath(new URL('../../packages/limpet/bin/limpet.js', import.meta.url))

/** A folder of its own that goes with its user. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'limpet-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Runs the `limpet` command to its end: for what it prints and how it exits. */
export async function runLimpet(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = startProcess(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  try {
    const [code] = await within(15_000, `limpet ${args.join(' ')} ends`, once(child, 'close'))
    return { code: code as number | null, stdout, stderr }
  } finally {
    await endProcess(child)
  }
}

/** Starts `limpet serve` on free ports and resolves when it listens. */
export async function startRouter(options: RouterOptions): Promise<TestRouter> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'limpet.yaml')
  await writeFile(path, options.config)
  const { workers = 2, listen = '127.0.0.1:0', args = [], descriptors } = options
  // The shell gives its place, and so its process id, to the router.
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath]
  const child = startProcess(
    descriptors === undefined ? process.execPath : 'sh',
    [
      ...(descriptors === undefined ? [] : limited),
      command,
      'serve',
      path,
      '--listen',
      listen,
      '--admin',
      '127.0.0.1:0',
      '--workers',
      `${workers}`,
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { XDG_STATE_HOME: folder.path, ...options.env } },
  )
  const log: LogLine[] = []
  let rest = ''
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) log.push(JSON.parse(line))
    child.emit('logged')
  })
  const exited = once(child, 'close').then(([code, signal]) => {
    child.emit('logged')
    return { code, signal }
  })
  const logged = async (what: string, matches: (line: LogLine) => boolean): Promise<LogLine> => {
    const search = async (): Promise<LogLine> => {
      for (;;) {
        const found = log.find(matches)
        if (found !== undefined) return found
        if (child.stdout!.destroyed) throw new Error(`The router ended without logging ${what}. ${stderr}`)
        await once(child, 'logged')
      }
    }
    return within(15_000, `the router logs ${what}`, search())
  }
  const end = async (): Promise<void> => {
    await endProcess(child)
    await folder[Symbol.asyncDispose]()
  }
  try {
    const started = await logged('that it listens', ({ msg }) => msg === 'limpet is listening')
    const { url, adminUrl } = started as { url: string; adminUrl: string }
    const writeConfig = async (text: string): Promise<void> => {
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
    }
    return {
      pid: child.pid!,
      port: Number(new URL(url).port),
      url,
      adminUrl,
      folder: folder.path,
      log,
      logged,
      accessLog: () => log.filter((line) => line.log === 'access'),
      metrics: async () => parsePrometheus(await (await fetch(`${adminUrl}/metrics`)).text()),
      writeConfig,
      async reload(text) {
        const before = log.length
        await writeConfig(text)
        await logged(
          'a reload',
          (line) => log.indexOf(line) >= before && line.msg === 'the config was reloaded',
        )
      },
      signal: (name) => void child.kill(name),
      exited,
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, until, within } from './process.ts'
import { parsePrometheus, type Samples } from './prometheus.ts'
import { type LogLine, temporaryFolder } from './router.ts'

/** A `limpet workers` that runs. */
export interface TestWorkers extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** The router's log lines so far. */
  readonly log: readonly LogLine[]
  /** All other lines so far, of both its outputs. */
  readonly lines: readonly string[]
  /** Resolves when so many of them are up. */
  up(count: number): Promise<void>
  logged(message: string, count?: number): Promise<LogLine>
  metrics(): Promise<Samples>
  signal(name: NodeJS.Signals): void
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

const command = fileURLToPath(new URL('../../packages/limpet/bin/limpet.js', import.meta.url))

/** The program that `limpet workers` runs in most tests. */
export const workerServer: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('./worker-server.ts', import.meta.url)),
]

/** Starts `limpet workers` on free ports with these arguments and resolves when its router listens. */
export async function startWorkers(
  args: readonly string[],
  program: readonly string[] = workerServer,
  env: NodeJS.ProcessEnv = {},
): Promise<TestWorkers> {
  const folder = await temporaryFolder()
  const usual = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--threads', '2']
  const child = startProcess(process.execPath, [command, 'workers', ...usual, ...args, '--', ...program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { XDG_STATE_HOME: folder.path, TMPDIR: folder.path, ...env },
  })
  const log: LogLine[] = []
  const lines: string[] = []
  for (const stream of [child.stdout!, child.stderr!]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop()!
      for (const line of parts) {
        if (line.startsWith('{"level"')) log.push(JSON.parse(line))
        else lines.push(line)
      }
    })
  }
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const logged = (message: string, count = 1): Promise<LogLine> =>
    until(
      `a log of "${message}" (${lines.slice(-3)})`,
      () => log.filter(({ msg }) => msg === message)[count - 1],
    )
  const end = async (): Promise<void> => {
    // In its own way first, since what it started is no process of the test's.
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await within(15_000, 'limpet workers ends', exited).catch(() => endProcess(child))
    }
    await folder[Symbol.asyncDispose]()
  }
  try {
    const { url, adminUrl } = (await logged('limpet is listening')) as { url: string; adminUrl: string }
    return {
      pid: child.pid!,
      port: Number(new URL(url).port),
      log,
      lines,
      logged,
      up: async (count) => void (await logged('a worker is up', count)),
      metrics: async () => parsePrometheus(await (await fetch(`${adminUrl}/metrics`)).text()),
      signal: (name) => void child.kill(name),
      exited,
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** Whether a process of this id lives; one that has ended and is still listed does not. */
export function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

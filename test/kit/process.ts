import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

const running = new Set<ChildProcess>()

// A test file that fails, or that the runner ends, must leave no process behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** Starts a process that does not outlive this one. The test runner's own settings do not reach it. */
export function startProcess(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, LIMPET_KEYS: ___, ...inherited } = process.env
  const child = spawn(file, args, { ...options, env: { ...inherited, ...options.env } })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Ends a process that this one started, unless it has ended, and resolves when it is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Rejects with `what` when `work` takes longer than `ms`. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks again and again, every 20 ms, until `ask` gives something other than undefined or false. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  ms = 10_000,
): Promise<NonNullable<T>> {
  const endMs = Date.now() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== null && answer !== false) return answer
    if (Date.now() > endMs) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

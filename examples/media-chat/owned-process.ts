import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Processes that must not outlive this one, however it ends by itself. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Longer than a container or the router takes to let requests under way end. */
const graceMs = 30_000

/**
 * Starts a Node.js program in a process group of its own: Ctrl-C reaches this process alone, which ends the others
 * in its order.
 */
export function startNode(
  args: readonly string[],
  stdio: StdioOptions,
  env: NodeJS.ProcessEnv,
): ChildProcess {
  // What a test runner sets for its own children must not reach them.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env
  const child = spawn(process.execPath, args, { detached: true, stdio, env: { ...inherited, ...env } })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Ends a process with `signal`, by force if that does not do in time; resolves when it is gone. */
export async function endNode(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}

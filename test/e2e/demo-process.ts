import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The repository's root, without a slash at its end. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** What `npm start` runs, as a process group of its own, so that a test can press Ctrl-C for all of it. */
export interface DemoProcess {
  readonly child: ChildProcess
  /** Everything printed so far, standard output and error mixed. */
  printed(): string
  /** Resolves with what was printed once it matches; rejects when everything ends without it. */
  waitFor(pattern: RegExp): Promise<string>
  /** Resolves with the exit code and signal once no process holds the output any more. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Sends a signal to every process of the group, as a terminal does. */
  signalAll(signal: NodeJS.Signals): void
  /** Whether any process of the group is left. */
  anyLeft(): boolean
}

/** A demo that is up. */
export interface RunningDemo extends DemoProcess {
  /** Where the router listens, such as `http://127.0.0.1:41234`. */
  readonly url: string
}

/** Starts the demo with these arguments; `command` is how, by default without npm in between. */
export function launchDemo(
  args: readonly string[],
  command: readonly [string, ...string[]] = [process.execPath, 'scripts/run.mjs', 'start'],
): DemoProcess {
  const [file, ...before] = command
  // What a test runner sets for its own children must not reach the demo.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  const child = spawn(file, [...before, ...args], {
    cwd: repositoryRoot,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      child.emit('printed')
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    child.emit('printed')
    return { code, signal }
  })
  const isOver = () => (child.exitCode !== null || child.signalCode !== null) && child.stdout?.readableEnded

  return {
    child,
    ended,
    printed: () => text,
    async waitFor(pattern) {
      while (!pattern.test(text)) {
        if (isOver()) throw new Error(`The demo ended without printing ${pattern}. It printed:\n${text}`)
        await once(child, 'printed')
      }
      return text
    },
    signalAll(signal) {
      process.kill(-Number(child.pid), signal)
    },
    anyLeft() {
      try {
        return process.kill(-Number(child.pid), 0)
      } catch {
        return false
      }
    },
  }
}

/** Starts the demo, on free ports unless `args` say otherwise, and resolves when it is up. */
export async function startDemo(
  command?: readonly [string, ...string[]],
  args: readonly string[] = [],
): Promise<RunningDemo> {
  const demo = launchDemo(['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...args], command)
  const text = await demo.waitFor(/Stop with Ctrl-C/)
  const url = /router +(http:\/\/\S+)/.exec(text)?.[1]
  if (url === undefined) throw new Error(`The demo didn't print where the router listens:\n${text}`)
  return { ...demo, url }
}

/** Stops a demo as Ctrl-C does and resolves when it is gone. */
export async function stopDemo(demo: DemoProcess): Promise<void> {
  if (demo.anyLeft()) demo.signalAll('SIGINT')
  await demo.ended
}

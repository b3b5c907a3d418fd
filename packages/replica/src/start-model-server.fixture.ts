/** For tests: starts `model-server.fixture.ts`. */
import type { ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, within } from '../../../test/kit/process.ts'

export interface ModelServer extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  /** Resolves when the next waiting request has arrived. */
  arrival(): Promise<unknown>
  /** Resolves to how the process ends. */
  readonly exited: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
}

const program = fileURLToPath(new URL('model-server.fixture.ts', import.meta.url))

export async function startModelServer(name: string, place: string): Promise<ModelServer> {
  const child = startProcess(process.execPath, [program, name, place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  child.stdout!.setEncoding('utf8')
  try {
    const [port] = await within(15_000, 'the model server starts', once(child.stdout!, 'data'))
    return {
      url: `http://127.0.0.1:${Number(port)}`,
      child,
      exited,
      arrival: () => within(10_000, 'the request arrives', arrived(child)),
      [Symbol.asyncDispose]: () => endProcess(child),
    }
  } catch (error) {
    await endProcess(child)
    throw error
  }
}

async function arrived(child: ChildProcess): Promise<void> {
  for await (const [said] of on(child.stdout!, 'data')) if (String(said).includes('arrived')) return
}

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Guard } from './guard.ts'
import { WorkerProcess } from './worker-process.ts'

let guard: Guard
beforeEach(() => {
  guard = new Guard({ folder: undefined, graceMs: 1 })
})
afterEach(() => guard.close())

/** Starts a shell that runs `script`, and resolves when it has said something: to that and to its process. */
async function start(script: string): Promise<{ said: string; child: WorkerProcess }> {
  const started = Promise.withResolvers<ChildProcess>()
  const command = { file: 'sh', args: ['-c', script], env: process.env }
  const child = new WorkerProcess(command, guard, started.resolve)
  const [said] = await once((await started.promise).stdout!, 'data')
  return { said: String(said), child }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function gone(pid: number): Promise<void> {
  while (lives(pid)) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe("a worker's process", { timeout: 20_000 }, () => {
  test('tells how it ended, and takes what it has started with it', async () => {
    const { said, child } = await start('sleep 1000 & echo $!; exit 4')
    assert.deepEqual(await child.exited, { code: 4, signal: null })
    await gone(Number(said))
  })

  test('leads a group of its own, which is told to end and given time', async () => {
    // The shell ends at once; what it runs takes its time.
    const slow = `(trap 'sleep 0.2; echo bye; exit' TERM; echo ready; while :; do sleep 0.01; done) & wait`
    const started = Promise.withResolvers<ChildProcess>()
    const child = new WorkerProcess(
      { file: 'sh', args: ['-c', slow], env: process.env },
      guard,
      started.resolve,
    )
    const { stdout } = await started.promise
    let said = ''
    stdout!.on('data', (text) => {
      said += text
    })
    await once(stdout!, 'data')
    const closed = once(stdout!, 'close')
    await child.stop(10_000)
    assert.equal((await child.exited).signal, 'SIGTERM')
    await closed
    assert.equal(said, 'ready\nbye\n')
    assert.equal(child.signal(0), false)
  })

  test('is killed when it takes too long', async () => {
    const { child } = await start(`trap '' TERM; echo ready; while :; do sleep 0.01; done`)
    const startMs = performance.now()
    await child.stop(100)
    assert.ok(performance.now() - startMs >= 99)
    assert.equal((await child.exited).signal, 'SIGKILL')
    await child.stop(100)
  })

  test('that can not be started is one that has ended', async () => {
    const commands = [
      { file: './no-such-program', args: [], code: 'ENOENT' },
      { file: 'sh', args: ['x'.repeat(10_000_000)], code: 'E2BIG' },
      { file: 'sh', args: ['\0'], code: 'ERR_INVALID_ARG_VALUE' },
    ]
    for (const { code, ...command } of commands) {
      const child = new WorkerProcess({ ...command, env: {} }, guard, undefined)
      assert.equal((await child.exited).error?.code, code)
      await child.stop(1000)
    }
  })
})

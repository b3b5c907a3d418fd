import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PinnedCommand, type PinnedProcess, startPinned } from './pinned-process.ts'

/** Owns everything that must be gone when a benchmark ends, however it ends. */
export interface Stage {
  /** A new folder below the benchmark's temporary folder. */
  folder(name: string): string
  start(command: Omit<PinnedCommand, 'logFile'>): PinnedProcess
  /** Stops one process that `start` returned. */
  stop(process: PinnedProcess): Promise<void>
  /** Stops all processes and removes the folders. */
  close(): Promise<void>
}

/** Opens a stage that also closes on SIGINT, SIGTERM and SIGHUP, and when this process fails. */
export function openStage(): Stage {
  const root = mkdtempSync(join(tmpdir(), 'limpet-bench-'))
  const running = new Set<PinnedProcess>()
  let count = 0

  const killAll = () => {
    for (const each of running) each.kill()
    running.clear()
    rmSync(root, { recursive: true, force: true })
  }
  process.once('exit', killAll)
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code))
  }

  const stop = async (each: PinnedProcess) => {
    await each.stop()
    running.delete(each)
  }
  return {
    folder(name) {
      const folder = join(root, `${++count}-${name}`)
      mkdirSync(folder)
      return folder
    },
    start(command) {
      const started = startPinned({ ...command, logFile: join(command.folder, 'output.log') })
      running.add(started)
      return started
    },
    stop,
    async close() {
      await Promise.all([...running].map(stop))
      killAll()
    },
  }
}

/** Ports of 127.0.0.1 that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((done, fail) => {
          server.once('error', fail)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            done(typeof address === 'object' && address ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Stage } from '../measure/stage.ts'

/** What wrk counted. */
export interface WrkResult {
  requests: number
  durationUs: number
  p50Us: number
  p99Us: number
  p999Us: number
}

/** A load of plain requests. */
export interface WrkLoad {
  port: number
  /** A whole request; `@SESSION@` stands for the session key. */
  request: string
  connections: number
  sessions: number
  seconds: number
  /** Cores as `taskset -c` takes them. */
  cores: string
}

const script = fileURLToPath(new URL('./wrk.lua', import.meta.url))

/** Runs wrk with one thread; throws when a request failed, was not answered 2xx or 3xx, or timed out. */
export async function runWrk(stage: Stage, load: WrkLoad): Promise<WrkResult> {
  const folder = stage.folder('wrk')
  const template = join(folder, 'request')
  writeFileSync(template, load.request, 'latin1')
  const options = ['-t', '1', '-c', `${load.connections}`, '-d', `${load.seconds}s`, '--timeout', '10s']
  const url = `http://127.0.0.1:${load.port}/`
  const command = ['wrk', ...options, '-s', script, url, '--', template, `${load.sessions}`]
  const wrk = stage.start({ cores: load.cores, command, folder })
  await wrk.finished
  const stdout = wrk.log()
  await stage.stop(wrk)
  const line = /^RESULT (.*)$/m.exec(stdout)?.[1]
  if (line === undefined) throw new Error(`wrk said nothing useful:\n${stdout}`)
  const result = JSON.parse(line) as WrkResult & Record<'failedSockets' | 'notOk' | 'timeouts', number>
  if (result.failedSockets + result.notOk + result.timeouts > 0) {
    throw new Error(
      `${result.failedSockets} connections failed, ${result.notOk} answers were errors, ${result.timeouts} timed out`,
    )
  }
  return result
}

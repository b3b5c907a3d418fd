import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess } from '../../test/kit/process.ts'
import { temporaryFolder } from '../../test/kit/router.ts'

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url))
}

/** Runs a script to its end. */
async function run(script: string, args: readonly string[]) {
  const child = startProcess(process.execPath, [pathOf(script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('main.ts starts all of it, ask.ts talks to it, and Ctrl-C ends all of it', async () => {
  await using folder = await temporaryFolder()
  const args = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--folder', folder.path]
  const main = startProcess(process.execPath, [pathOf('main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const closed = once(main, 'close')
    let banner = ''
    for await (const piece of main.stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      banner += piece
      if (banner.includes('Stop with Ctrl-C.')) break
    }
    const url = /endpoint +(http:\S+)/.exec(banner)?.[1]
    const pids = [...banner.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid))
    assert.deepEqual([pids.length, pids.every(isAlive)], [4, true])

    const file = join(folder.path, 'clip.mp4')
    await writeFile(file, 'abcdef')
    const first = await run('ask.ts', ['--url', url!, file, 'byte:2', 'checksum:1:3'])
    assert.deepEqual([first.code, first.stderr], [0, ''])
    assert.match(first.stdout, /sent .*clip\.mp4 {2}\{"replica":"\w+","bytes":6,"sha256":"bef57ec7/)
    assert.match(first.stdout, /"byte":99/)
    // The SHA-256 of "bcd".
    assert.match(first.stdout, /"sha256":"a6b0f90d/)
    const session = /--session (\S+)/.exec(first.stdout)![1]!
    const second = await run('ask.ts', ['--url', url!, '--session', session, '--close', 'size'])
    assert.match(second.stdout, /^\{"question":"size"\} {2}\{"replica":"\w+","bytes":6\} {2}\d+ ms\n$/)
    const each = await run('ask.ts', ['--url', url!, '--each-time', file, 'size'])
    assert.match(each.stdout, /"bytes":6/)
    const late = await run('ask.ts', ['--url', url!, '--session', session, 'size'])
    assert.deepEqual([late.code, /^ValidationError: /.test(late.stderr)], [1, true])

    main.kill('SIGINT')
    main.stdout!.resume()
    assert.deepEqual(await closed, [0, null])
    assert.deepEqual(pids.filter(isAlive), [])
    assert.deepEqual(await readdir(folder.path), ['clip.mp4'])
  } finally {
    await endProcess(main)
  }
})

test('main.ts says what is wrong with its options', async () => {
  const { code, stderr } = await run('main.ts', ['--containers', '9'])
  assert.deepEqual([code, stderr], [1, '--containers takes a number from 1 to 8, not "9".\n'])
  assert.match((await run('main.ts', ['--on-lost', 'no'])).stderr, /takes rehome or reject/)
  assert.match((await run('main.ts', ['--help'])).stdout, /^Usage: /)
})

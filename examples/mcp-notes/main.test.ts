import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess } from '../../test/kit/process.ts'
import { clients } from './notes-client.fixture.ts'

const script = fileURLToPath(new URL('main.ts', import.meta.url))

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('main.ts starts replicas that share their sessions, and Ctrl-C ends all of them', async () => {
  const main = startProcess(process.execPath, [script, '--replicas', '3'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const closed = once(main, 'close')
    let banner = ''
    for await (const piece of main.stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      banner += piece
      if (banner.includes('Stop with Ctrl-C.')) break
    }
    const urls = [...banner.matchAll(/(http:\S+\/mcp) +\(process/g)].map(([, url]) => url!)
    const pids = [...banner.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid))
    assert.deepEqual([urls.length, pids.length, pids.every(isAlive)], [3, 3, true])
    assert.match(banner, /limpet serve --dialect mcp( --replica http:\/\/127\.0\.0\.1:\d+){3}\n/)

    let home = urls[0]!
    await using client = await clients[0]![1](() => home)
    await client.call('add_note', { text: 'first' })
    home = urls[2]!
    assert.deepEqual((await client.call('list_notes')).notes, ['first'])

    main.kill('SIGINT')
    main.stdout!.resume()
    assert.deepEqual(await closed, [0, null])
    assert.deepEqual(pids.filter(isAlive), [])
  } finally {
    await endProcess(main)
  }
})

test('main.ts says what is wrong with its options', async () => {
  for (const [args, said] of [
    [['--replicas', '9'], /^--replicas takes a number from 1 to 8, not "9"\.\n$/],
    [['--store', 'memory'], /^--store takes redis/],
    [['--store', 'http://x'], /ended before it listened/],
  ] as const) {
    const child = startProcess(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, 'close')])
    assert.match(stderr, said)
    assert.equal(code, 1)
  }
})

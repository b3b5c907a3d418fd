/** What someone sees who clones the repository and types `npm start`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { launchDemo, type RunningDemo, startDemo, stopDemo } from './demo-process.ts'

const run = promisify(execFile)

interface Whoami {
  readonly replica: string
  readonly pid: number
}

async function whoami(demo: RunningDemo, session?: string): Promise<Whoami> {
  const headers = session === undefined ? {} : { 'x-truefoundry-sticky-session-id': session }
  return (await (await fetch(`${demo.url}/whoami`, { headers })).json()) as Whoami
}

/** The pids of all replicas: requests without a session go to each of them sooner or later. */
async function replicaPids(demo: RunningDemo, count: number): Promise<number[]> {
  const pids = new Set<number>()
  for (let i = 0; i < 200 && pids.size < count; i++) pids.add((await whoami(demo)).pid)
  return [...pids]
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('npm start comes up, its curl line sticks to one replica, and Ctrl-C stops everything', async (t) => {
  const demo = await startDemo(['npm', 'start', '--'])
  t.after(() => stopDemo(demo))
  const curl = /^ {2}(curl .*?'\{.*?\}')$/ms.exec(demo.printed())?.[1]
  assert.ok(curl, demo.printed())
  const answers = []
  for (let turn = 1; turn <= 3; turn++) answers.push((await run('sh', ['-c', curl])).stdout)
  const replicas = answers.map((answer) => /^x-demo-replica: (\w+)\r$/im.exec(answer)?.[1])
  assert.ok(replicas[0])
  assert.deepEqual(replicas, [replicas[0], replicas[0], replicas[0]])
  assert.deepEqual(
    answers.map((answer) => /^limpet-decision: (\w+)/im.exec(answer)?.[1]),
    ['new', 'hit', 'hit'],
  )
  assert.deepEqual(
    answers.map((answer) => /turn \d/.exec(answer)?.[0]),
    ['turn 1', 'turn 2', 'turn 3'],
  )

  const pids = await replicaPids(demo, 3)
  assert.equal(pids.length, 3)
  demo.signalAll('SIGINT')
  await demo.ended
  assert.deepEqual(pids.filter(isAlive), [])
  assert.equal(demo.anyLeft(), false)
  assert.doesNotMatch(demo.printed(), /^\s+at |Error|npm error|died/m)
})

test('Ctrl-C lets a streamed answer under way come to its end', async (t) => {
  const demo = await startDemo()
  t.after(() => stopDemo(demo))
  const content = 'word '.repeat(20)
  const response = await fetch(`${demo.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ role: 'user', content }], stream: true }),
  })
  demo.signalAll('SIGINT')
  const events = (await response.text()).trimEnd().split('\n\n')
  assert.equal(events.at(-1), 'data: [DONE]')
  assert.deepEqual(await demo.ended, { code: 0, signal: null })
  assert.doesNotMatch(demo.printed(), /died/)
})

test('a signal to the first process alone stops everything, too, with exit code 0', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const demo = await startDemo()
    t.after(() => stopDemo(demo))
    demo.child.kill(signal)
    assert.deepEqual(await demo.ended, { code: 0, signal: null })
    assert.equal(demo.anyLeft(), false)
  }
})

test('nothing stays behind when the first process is killed', { timeout: 30_000 }, async (t) => {
  const demo = await startDemo()
  t.after(() => stopDemo(demo))
  demo.child.kill('SIGKILL')
  // Every process of the demo holds the pipe, so the end of the output means that all of them are gone.
  assert.equal((await demo.ended).signal, 'SIGKILL')
  await assert.rejects(fetch(demo.url))
})

for (const flag of ['--listen', '--admin']) {
  test(`a busy port for ${flag} gives one clear message, exit code 1 and nothing left running`, async (t) => {
    const squatter = createServer()
    squatter.listen(0, '127.0.0.1')
    t.after(() => squatter.close())
    await once(squatter, 'listening')
    const address = `127.0.0.1:${(squatter.address() as AddressInfo).port}`
    const other = flag === '--listen' ? '--admin' : '--listen'
    const demo = launchDemo([flag, address, other, '127.0.0.1:0'])
    t.after(() => stopDemo(demo))
    assert.equal((await demo.ended).code, 1)
    assert.equal(demo.anyLeft(), false)
    const lines = demo.printed().trimEnd().split('\n')
    assert.equal(lines.length, 2, demo.printed())
    assert.ok(lines[0]?.includes(address), demo.printed())
    assert.match(lines[1] ?? '', /npm start -- --listen 127\.0\.0\.1:PORT --admin 127\.0\.0\.1:PORT/)
  })
}

test('a replica that is killed comes back, and its session is answered meanwhile', async (t) => {
  const demo = await startDemo()
  t.after(() => stopDemo(demo))
  const home = await whoami(demo, 'a')
  process.kill(home.pid, 'SIGKILL')
  await demo.waitFor(new RegExp(`replica ${home.replica} died`))
  const next = await whoami(demo, 'a')
  assert.notEqual(next.pid, home.pid)
  await demo.waitFor(new RegExp(`replica ${home.replica} is back`))
})

test('a wrong option is answered with a sentence', async () => {
  const tooMany = launchDemo(['--replicas', '99'])
  assert.equal((await tooMany.ended).code, 1)
  assert.equal(tooMany.printed(), '--replicas takes a number from 1 to 8, not "99".\n')
})

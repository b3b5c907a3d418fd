import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startReplica } from './replica-process.ts'

const script = fileURLToPath(new URL('replica.fixture.ts', import.meta.url))

async function pidAt(url: string): Promise<number> {
  const whoami = (await (await fetch(`${url}/whoami`)).json()) as { pid: number }
  return whoami.pid
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a replica that dies is started again on its old port, said in one line', async (t) => {
  const lines: string[] = []
  const back = Promise.withResolvers<void>()
  const replica = await startReplica({
    name: 'otter',
    script,
    minBackoffMs: 20,
    say(line) {
      lines.push(line)
      if (line.endsWith('is back')) back.resolve()
    },
  })
  t.after(() => replica.stop())
  const pid = await pidAt(replica.url)
  process.kill(pid, 'SIGKILL')
  await back.promise
  assert.notEqual(await pidAt(replica.url), pid)
  assert.deepEqual(lines, [
    'replica otter died (SIGKILL); starting it again in 20 ms',
    'replica otter is back',
  ])
})

test('a replica tells its state, its process and its WebSockets', async (t) => {
  let changed = Promise.withResolvers<void>()
  const replica = await startReplica({
    name: 'otter',
    script,
    minBackoffMs: 20,
    say: () => {},
    onChange: () => changed.resolve(),
  })
  t.after(() => replica.stop())
  const next = async () => {
    await changed.promise
    changed = Promise.withResolvers()
    return [replica.state, replica.sockets]
  }
  const pid = await pidAt(replica.url)
  assert.deepEqual([replica.state, replica.pid, replica.sockets], ['ready', pid, 0])
  await fetch(`${replica.url}/sockets/7`)
  assert.deepEqual(await next(), ['ready', 7])
  replica.kill()
  assert.deepEqual(await next(), ['dead', 0])
  assert.deepEqual(await next(), ['starting', 0])
  assert.deepEqual(await next(), ['ready', 0])
  assert.notEqual(replica.pid, pid)
})

test('a stopped replica is gone and stays so', async () => {
  const lines: string[] = []
  const replica = await startReplica({
    name: 'seal',
    script,
    minBackoffMs: 1,
    say: (line) => lines.push(line),
  })
  const pid = await pidAt(replica.url)
  await replica.stop()
  assert.equal(isAlive(pid), false)
  await assert.rejects(pidAt(replica.url))
  assert.deepEqual(lines, [])
})

test('a replica ends when its parent is killed', { timeout: 20_000 }, async (t) => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', parentSource], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { value: url = '' } = await createInterface({ input: parent.stdout })[Symbol.asyncIterator]().next()
  const pid = await pidAt(url)
  t.after(() => isAlive(pid) && process.kill(pid, 'SIGKILL'))
  parent.kill('SIGKILL')
  // The replica holds the other end of this pipe, so it closes when the last of them is gone.
  await once(parent, 'close')
  await assert.rejects(pidAt(url))
})

const parentSource = `
  import { startReplica } from './replica-process.ts'
  console.log((await startReplica({ name: 'heron', script: './replica.fixture.ts', say: () => {} })).url)
  setInterval(() => {}, 1000)
`

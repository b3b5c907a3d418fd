import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endProcess, startProcess, until } from '../../test/kit/process.ts'
import { startRedis } from '../../test/kit/redis-server.ts'
import { openSocket } from './echo-replica.fixture.ts'
import type { SocketMessage } from './echo-words.ts'

const script = fileURLToPath(new URL('main.ts', import.meta.url))

test('main.ts joins its replicas by Redis where it is told to, and Ctrl-C ends all of it', async () => {
  await using redis = await startRedis()
  const args = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--replicas', '2', '--store', redis.url]
  const main = startProcess(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const closed = once(main, 'close')
    let printed = ''
    main.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      printed += piece
    })
    await until('it is up', () => printed.includes('Stop with Ctrl-C.'))
    const url = /router +(http:\S+)/.exec(printed)?.[1] ?? ''
    const client = crypto.randomUUID()
    using socket = openSocket(new URL(url).host, `client=${client}&after=0-0`)
    await socket.next()
    const published = await fetch(`${url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client, text: 'salty harbour', way: 'queue' }),
    })
    assert.equal(published.status, 200)
    const { id } = (await published.json()) as { id: string }
    assert.equal(((await socket.next()) as SocketMessage).id, id)
    // That went by way of Redis.
    assert.match(await redis.call('KEYS', `*clients/${client}*`), /clients\//)
    main.kill('SIGINT')
    assert.deepEqual(await closed, [0, null])
    assert.equal((await socket.closed).code, 1012)
  } finally {
    await endProcess(main)
  }
})

test('main.ts says what is wrong with its options, and what they are', async () => {
  for (const [args, expectedCode, said] of [
    [['--replicas', '9'], 1, /^--replicas takes a number from 1 to 8, not "9"\.\n$/],
    [['--mode', 'pods'], 1, /^--mode takes replicas or workers, not "pods"\.\n$/],
    [['--listen', 'here', '--admin', '127.0.0.1:0'], 1, /^listen must be HOST:PORT/],
    [['--mode', 'workers', '--listen', 'here'], 2, /^limpet workers: --listen must be HOST:PORT/],
    [['--mode', 'workers', '--replicas', '0'], 1, /^--replicas takes/],
    [['--help'], 0, /^Usage: .*--mode MODE/s],
  ] as const) {
    const child = startProcess(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'close'),
    ])
    assert.match(stdout + stderr, said)
    assert.equal(code, expectedCode)
  }
})

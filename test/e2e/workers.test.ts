import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Answer, Browser, Client, forEach, tally } from '../kit/client.ts'
import { until, within } from '../kit/process.ts'
import { runLimpet, temporaryFolder } from '../kit/router.ts'
import { lives, startWorkers, workerServer } from '../kit/workers.ts'

/** What a worker says of itself. */
interface Told {
  readonly pid: number
  readonly worker: string
  readonly place: string
  readonly host: string
  readonly keys?: string
  readonly args: readonly string[]
  readonly channel: { readonly url?: string; readonly token?: string }
}

const told = ({ body }: Answer): Told => JSON.parse(body)

/** So many browsers with a session each, and what they were told at first. */
async function browse(client: Client, count: number): Promise<{ browser: Browser; first: Told }[]> {
  const browsers = Array.from({ length: count }, () => new Browser(client))
  return forEach(browsers, 4, async (browser) => ({ browser, first: told(await browser.ask('/')) }))
}

describe('limpet workers', { timeout: 120_000 }, () => {
  test('keeps each browser at one process, and uses all of them', async () => {
    const keys = `1:${Buffer.alloc(32, 6).toString('base64url')}`
    const program = [...workerServer, '--port={port}', '{worker}', '{other}']
    await using workers = await startWorkers(['-n', '3'], program, { LIMPET_KEYS: keys, HOST: undefined })
    await workers.up(3)
    using client = new Client(workers.port)
    const browser = new Browser(client)
    const answers: Told[] = []
    for (let count = 0; count < 20; count++) answers.push(told(await browser.ask('/')))
    assert.equal(new Set(answers.map(({ pid }) => pid)).size, 1)
    const [{ place, worker, host, args, keys: leaked, channel }] = answers as [Told]
    assert.match(channel.url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.match(channel.token ?? '', /^[0-9a-f]{64}$/)
    assert.deepEqual(args, [`--port=${place}`, worker, '{other}'])
    assert.deepEqual([host, leaked], ['127.0.0.1', undefined])

    const others = await forEach(
      Array.from({ length: 60 }),
      4,
      async () => told(await client.ask('/')).worker,
    )
    assert.deepEqual(Object.keys(tally(others)).sort(), ['worker-0', 'worker-1', 'worker-2'])
    for (const name of ['worker-0', 'worker-1', 'worker-2'])
      assert.ok(workers.lines.includes(`[${name}] listening as ${name}`))
  })

  for (const [kind, args] of [
    ['ports', []],
    ['Unix sockets', ['--socket']],
  ] as const) {
    test(`at ${kind}: one that is killed loses its own sessions only, and is back at the same place`, async () => {
      await using workers = await startWorkers(['-n', '3', ...args])
      await workers.up(3)
      using client = new Client(workers.port)
      const seen = await browse(client, 24)
      const victim = seen[0]!.first
      if (kind === 'Unix sockets') {
        const folder = dirname(victim.place)
        assert.equal((await stat(folder)).mode & 0o777, 0o700)
      }
      process.kill(victim.pid, 'SIGKILL')
      await workers.logged('a worker ended; it is started again')
      for (const { browser, first } of seen) {
        const answer = await browser.ask('/')
        if (first.pid !== victim.pid)
          assert.deepEqual([told(answer).pid, answer.decision], [first.pid, 'hit'])
        else {
          assert.notEqual(told(answer).worker, victim.worker)
          assert.equal(answer.decision, 'moved; reason=down')
        }
      }
      await workers.up(4)
      const after = await browse(client, 24)
      const back = after.find(({ first }) => first.worker === victim.worker)!.first
      assert.equal(back.place, victim.place)
      assert.notEqual(back.pid, victim.pid)
      const metrics = await workers.metrics()
      assert.equal(metrics.sum('limpet_worker_restarts_total', { worker: victim.worker }), 1)
      assert.equal(metrics.sum('limpet_worker_restarts_total'), 1)
      assert.equal(metrics.sum('limpet_worker_up'), 3)
    })
  }

  test('a worker whose port was taken meanwhile gets another, and keeps its sessions', async () => {
    await using workers = await startWorkers(['-n', '2', '--on-lost', 'reject'])
    await workers.up(2)
    using client = new Client(workers.port)
    const browser = new Browser(client)
    const first = told(await browser.ask('/'))
    process.kill(first.pid, 'SIGKILL')
    const thief = createServer((socket) => socket.destroy())
    await until('the port is taken', async () => {
      thief.listen(Number(first.place), '127.0.0.1')
      return once(thief, 'listening').then(
        () => true,
        () => false,
      )
    })
    try {
      await workers.up(3)
      const again = await browser.ask('/')
      assert.deepEqual([told(again).worker, again.decision], [first.worker, 'hit'])
      assert.notEqual(told(again).place, first.place)
    } finally {
      thief.close()
    }
  })

  test('SIGHUP restarts one after the other, and no request fails', async () => {
    await using workers = await startWorkers(['-n', '3'])
    await workers.up(3)
    using client = new Client(workers.port)
    const seen = await browse(client, 12)
    const before = new Set(seen.map(({ first }) => first.pid))
    let stop = false
    let asked = 0
    const load = seen.map(async ({ browser }, index) => {
      while (!stop) {
        const answer = await browser.ask(index % 3 === 0 ? '/?ms=30' : '/')
        assert.equal(answer.status, 200, answer.body)
        asked++
      }
    })
    const unnamed = (async () => {
      while (!stop) assert.equal((await client.ask('/')).status, 200)
    })()
    workers.signal('SIGHUP')
    await Promise.race([workers.logged('all workers were restarted'), ...load, unnamed])
    const done = asked
    await until('more answers', () => asked > done + 50)
    stop = true
    await Promise.all([...load, unnamed])
    const after = await browse(client, 12)
    for (const { first } of after) assert.ok(!before.has(first.pid))
    for (const pid of before) assert.equal(lives(pid), false)
    assert.equal((await workers.metrics()).sum('limpet_worker_restarts_total'), 3)
  })

  test('SIGTERM lets requests under way end before the workers are told', async () => {
    await using workers = await startWorkers(['-n', '2'])
    await workers.up(2)
    using client = new Client(workers.port)
    const slow = client.ask('/?ms=700')
    await until(
      'it is under way',
      async () => (await workers.metrics()).sum('limpet_requests_in_flight') === 1,
    )
    workers.signal('SIGTERM')
    const answer = await slow
    assert.equal(answer.status, 200)
    assert.deepEqual(await within(5000, 'the exit', workers.exited), { code: 0, signal: null })
    assert.equal(lives(told(answer).pid), false)
    assert.deepEqual(workers.lines.filter((line) => line.endsWith('told to end')).sort(), [
      '[worker-0] told to end',
      '[worker-1] told to end',
    ])
  })

  test('ends a worker that does not end after the time of grace, and all at a second signal', async () => {
    const stubborn = ['sh', '-c', `trap '' TERM; "$0" "$@"; sleep 1000`, ...workerServer]
    await using workers = await startWorkers(['-n', '1', '--grace', '300ms'], stubborn)
    await workers.up(1)
    workers.signal('SIGTERM')
    assert.deepEqual(await within(5000, 'the exit', workers.exited), { code: 0, signal: null })

    await using hasty = await startWorkers(['-n', '1', '--grace', '60s'], stubborn)
    await hasty.up(1)
    using client = new Client(hasty.port)
    const { pid } = told(await client.ask('/'))
    const hanging = client.ask('/?ms=60000').catch(() => undefined)
    await until('it is under way', async () => (await hasty.metrics()).sum('limpet_requests_in_flight') === 1)
    hasty.signal('SIGTERM')
    hasty.signal('SIGINT')
    assert.deepEqual(await within(5000, 'the exit', hasty.exited), { code: 130, signal: null })
    await until('the worker is gone', () => !lives(pid))
    await hanging
  })

  test('leaves nothing behind when it is killed with -9', async () => {
    // A shell between the two, so that the worker is a grandchild.
    const program = ['sh', '-c', '"$0" "$@"; true', ...workerServer]
    await using workers = await startWorkers(['-n', '2', '--socket'], program)
    await workers.up(2)
    using client = new Client(workers.port)
    const seen = (await browse(client, 20)).map(({ first }) => first)
    assert.equal(new Set(seen.map(({ pid }) => pid)).size, 2)
    workers.signal('SIGKILL')
    await workers.exited
    for (const { pid } of seen) await until('the worker is gone', () => !lives(pid))
    const folder = dirname(seen[0]!.place)
    await until(
      'its folder is gone',
      async () => !(await readdir(dirname(folder))).some((name) => folder.endsWith(name)),
    )
  })

  test('says that a program does not listen where it was told to, and starts it again', async () => {
    const deaf = ['sh', '-c', 'exec sleep 1000']
    await using workers = await startWorkers(['-n', '1', '--ready-timeout', '200ms'], deaf)
    const said = await until('it is said twice', () => {
      const lines = workers.log.filter(({ msg }) => String(msg).startsWith('a worker does not serve where'))
      return lines.length > 1 ? lines[0] : undefined
    })
    assert.match(String(said.msg), /it must listen at port \d+ of 127\.0\.0\.1 \(PORT\)$/)
    assert.deepEqual([said.worker, said.reason, said.afterMs], ['worker-0', 'ECONNREFUSED', 200])
    assert.equal(lives(Number(said.pid)), false)
    using client = new Client(workers.port)
    const refused = await client.ask('/')
    assert.match(`${refused.status} ${refused.body}`, /^503 LIMPET_NO_REPLICA/)
  })

  test('waits for the check of --health', async () => {
    await using workers = await startWorkers(['-n', '1', '--health', '/ready'])
    await until('the program listens', () => workers.lines.includes('[worker-0] listening as worker-0'))
    using client = new Client(workers.port)
    assert.equal((await client.ask('/')).status, 503)
    await workers.up(1)
    assert.equal((await client.ask('/')).status, 200)
  })

  test('gives up where no worker ever comes up', async () => {
    const run = (...program: string[]) => {
      return runLimpet(['workers', '-n', '2', '--listen', '127.0.0.1:0', '--', ...program])
    }
    const [absent, unfit, bad] = await Promise.all([
      run('./no-such-program'),
      run('/etc/passwd'),
      run('sh', '-c', 'echo wrong >&2; exit 3'),
    ])
    assert.equal(absent.code, 127)
    assert.match(absent.stderr, /^limpet workers: there is no command \.\/no-such-program: /m)
    assert.equal(unfit.code, 126)
    assert.match(unfit.stderr, /^limpet workers: \/etc\/passwd can't be run: /m)
    assert.equal(bad.code, 1)
    assert.match(
      bad.stderr,
      /^limpet workers: each worker ended 3 times .* exit code 3: see what sh says above$/m,
    )
    assert.equal(bad.stderr.match(/^\[worker-0\] wrong$/gm)?.length, 3)
  })

  test('leaves no folder behind when the router can not start', async () => {
    await using folder = await temporaryFolder()
    const args = ['workers', '--socket', '--listen', '127.0.0.1:0', '--keys', folder.path, '--', 'true']
    const { code, stderr } = await runLimpet(args, { TMPDIR: folder.path })
    assert.equal(code, 1)
    assert.match(stderr, /^limpet workers: .*keys/i)
    assert.deepEqual(await readdir(folder.path), [])
  })

  test('runs a program in Python', async (context) => {
    const version = await promisify(execFile)('python3', ['--version']).catch(() => undefined)
    if (version === undefined) return context.skip('there is no python3 on this machine')
    const script = `
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["LIMPET_WORKER"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
`
    await using workers = await startWorkers(['-n', '2'], ['python3', '-c', script, '{port}'])
    await workers.up(2)
    using client = new Client(workers.port)
    const browser = new Browser(client)
    const answers: string[] = []
    for (let count = 0; count < 20; count++) answers.push((await browser.ask('/')).body)
    assert.equal(new Set(answers).size, 1)
    const others = await forEach(Array.from({ length: 30 }), 2, async () => (await client.ask('/')).body)
    assert.deepEqual(Object.keys(tally(others)).sort(), ['worker-0', 'worker-1'])
  })
})

/** What someone gets who installs the published package: compiled, with types, and without this repository. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { repositoryRoot } from './demo-process.ts'

const run = promisify(execFile)

/** Holds `limpet/` and `replica/` (what would be published) and `consumer/` (a project that has installed both). */
let folder: string
let consumer: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpet-pack-'))
  consumer = join(folder, 'consumer')
  for (const name of ['limpet', 'replica']) {
    const out = join(folder, name)
    const args = ['scripts/pack.ts', '--package', name, '--out', out]
    await run(process.execPath, args, { cwd: repositoryRoot })
    await run('npm', ['pack', '--pack-destination', folder], { cwd: out })
  }
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  assert.equal(tarballs.length, 2, 'npm pack made no tarball')
  await mkdir(consumer)
  await writeFile(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n')
  const paths = tarballs.map((name) => join(folder, name))
  await run('npm', ['install', '--no-audit', '--no-fund', ...paths], { cwd: consumer })
})
after(() => rm(folder, { recursive: true, force: true }))

async function installedFiles(name: string): Promise<string[]> {
  return readdir(join(consumer, 'node_modules', name), { recursive: true })
}

/** What the compiler says of a program of the consumer's, in strict mode. */
async function typeCheck(source: string): Promise<string> {
  await writeFile(join(consumer, 'consumer.ts'), source)
  const flags = '--noEmit --strict --module nodenext --target es2024 --lib es2024 --types node'.split(' ')
  const types = ['--typeRoots', join(repositoryRoot, 'node_modules/@types')]
  const tsc = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
  const check = run(process.execPath, [tsc, ...flags, ...types, 'consumer.ts'], { cwd: consumer })
  const { stdout } = await check.catch((error: { stdout: string }) => error)
  return stdout
}

async function manifestAt(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
}

test('the package holds compiled code, declarations, licence and readme, and neither tests nor sources', async () => {
  const files = await installedFiles('limpet')
  for (const file of ['index.js', 'index.d.ts', 'bin/limpet.js', 'cli/main.js', 'LICENSE', 'README.md']) {
    assert.ok(files.includes(file), `${file} is missing`)
  }
  const wrong = files.filter((file) => /\.(test|fixture)\b|(?<!\.d)\.ts$/.test(file))
  assert.deepEqual(wrong, [])
})

test('its package.json points at compiled files and asks for the same dependencies', async () => {
  const manifest = await manifestAt(join(consumer, 'node_modules/limpet'))
  const clone = await manifestAt(join(repositoryRoot, 'packages/limpet'))
  assert.deepEqual(manifest.exports, {
    '.': { types: './index.d.ts', default: './index.js' },
    './package.json': './package.json',
  })
  assert.deepEqual(manifest.dependencies, clone.dependencies)
  assert.deepEqual([manifest.scripts, manifest.devDependencies], [undefined, undefined])
})

test('limpet --version prints the version of the package', async () => {
  const { stdout } = await run('npx', ['limpet', '--version'], { cwd: consumer })
  assert.ok(stdout.includes(String((await manifestAt(join(folder, 'limpet'))).version)), stdout)
})

test('a router with worker threads from the installed library routes a session to one replica', async () => {
  const script = `
    import { createServer } from 'node:http'
    import { once } from 'node:events'
    import { createRouter } from 'limpet'
    const servers = await Promise.all(['a', 'b', 'c'].map(async (name) => {
      const server = createServer((request, response) => response.end(name)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { name, server, url: 'http://127.0.0.1:' + server.address().port }
    }))
    const router = createRouter({
      listen: '127.0.0.1:0',
      workers: 2,
      log: { level: 'warn' },
      services: [{ name: 'demo', replicas: servers.map(({ name, url }) => ({ name, url })), session: ['header:x-session'] }],
    })
    const { url } = await router.start()
    const answers = []
    for (let i = 0; i < 10; i++) {
      const headers = { 'x-session': 'one', connection: 'close' }
      answers.push(await (await fetch(url, { headers })).text())
    }
    await router.close()
    for (const { server } of servers) { server.close(); server.closeAllConnections() }
    console.log(answers.join(''))
  `
  await writeFile(join(consumer, 'route.js'), script)
  const { stdout, stderr } = await run(process.execPath, ['route.js'], { cwd: consumer, timeout: 30_000 })
  assert.match(stdout.trim(), /^(a{10}|b{10}|c{10})$/, stderr)
})

test('the declarations type-check in a strict project, and catch a misspelt option', async () => {
  const source = `
    import { createRouter, StartError, type LimpetRouter } from 'limpet'
    const router: LimpetRouter = createRouter({
      listen: '127.0.0.1:8080',
      services: [{ name: 'demo', replicas: [{ url: 'http://127.0.0.1:9001' }], session: ['header:x-session'] }],
    })
    // @ts-expect-error
    createRouter({ listne: '127.0.0.1:8080', services: [] })
    export async function start(): Promise<string | undefined> {
      try {
        return (await router.start()).url
      } catch (error) {
        return error instanceof StartError ? error.code : undefined
      }
    }
  `
  assert.equal(await typeCheck(source), '')
})

test('@limpet/replica holds compiled code, declarations, licence and its own readme, and no tests', async () => {
  const files = await installedFiles('@limpet/replica')
  for (const file of ['index.js', 'index.d.ts', 'store/redis-store.js', 'LICENSE', 'README.md']) {
    assert.ok(files.includes(file), `${file} is missing`)
  }
  assert.deepEqual(
    files.filter((file) => /\.(test|fixture)\b|(?<!\.d)\.ts$/.test(file)),
    [],
  )
  const readme = await readFile(join(consumer, 'node_modules/@limpet/replica/README.md'), 'utf8')
  assert.match(readme, /^# @limpet\/replica\n/)
})

test('a container from the installed @limpet/replica begins a session and keeps its state', async () => {
  const script = `
    import { json } from 'node:stream/consumers'
    import { createContainer } from '@limpet/replica'
    const container = await createContainer({
      settings: { enabled: true, path: process.argv[2] },
      async handler(request, response, { session }) {
        const said = (await session.get('said')) ?? []
        said.push((await json(request)).say)
        await session.put('said', said)
        response.end(said.join())
      },
    })
    const { port, close } = await container.listen({ port: 0, host: '127.0.0.1' })
    const post = (body, headers) =>
      fetch('http://127.0.0.1:' + port + '/invocations', { method: 'POST', body: JSON.stringify(body), headers })
    const created = await post({ requestType: 'NEW_SESSION' }, { 'content-type': 'application/json' })
    const id = created.headers.get('X-Amzn-SageMaker-New-Session-Id').split(';')[0]
    for (const say of ['a', 'b']) {
      console.log(await (await post({ say }, { 'X-Amzn-SageMaker-Session-Id': id })).text())
    }
    await close()
  `
  await writeFile(join(consumer, 'container.js'), script)
  const args = ['container.js', join(folder, 'sessions')]
  const { stdout, stderr } = await run(process.execPath, args, { cwd: consumer, timeout: 30_000 })
  assert.equal(stdout, 'a\na,b\n', stderr)
})

test('MCP sessions from the installed @limpet/replica/mcp need no SDK to refuse one that is unknown', async () => {
  const script = `
    import { once } from 'node:events'
    import { createServer } from 'node:http'
    import { openMcpSessions } from '@limpet/replica/mcp'
    const never = () => { throw new Error('nothing is to be made') }
    const sessions = await openMcpSessions({ store: 'memory', createServer: never, createTransport: never })
    const server = createServer((request, response) => void sessions.handle(request, response))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const answer = await fetch('http://127.0.0.1:' + server.address().port + '/mcp', {
      method: 'POST',
      headers: {
        'mcp-session-id': 'none',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    })
    console.log(answer.status, (await answer.json()).error.code)
    await sessions.close()
    server.close()
    server.closeAllConnections()
  `
  await writeFile(join(consumer, 'mcp.js'), script)
  const { stdout, stderr } = await run(process.execPath, ['mcp.js'], { cwd: consumer, timeout: 30_000 })
  assert.equal(stdout, '404 -32001\n', stderr)
})

test('the installed @limpet/replica/channel talks by way of the installed router', async () => {
  const script = `
    import { createRouter } from 'limpet'
    import { openChannel } from '@limpet/replica/channel'
    const services = [{ name: 'none', replicas: [] }]
    const options = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', workers: 0, services, log: { level: 'silent' } }
    const router = createRouter({ ...options, channel: { token: 'secret' } })
    const { adminUrl } = await router.start()
    const [one, other] = [await openChannel(adminUrl, { token: 'secret' }), await openChannel(adminUrl, { token: 'secret' })]
    const subscription = other.subscribe('topic')
    await subscription.ready
    await one.publish('topic', { hello: 'there' })
    for await (const { data } of subscription) {
      console.log(data.hello)
      break
    }
    await one.close()
    await other.close()
    await router.close()
  `
  await writeFile(join(consumer, 'channel.js'), script)
  const { stdout, stderr } = await run(process.execPath, ['channel.js'], { cwd: consumer, timeout: 30_000 })
  assert.equal(stdout, 'there\n', stderr)
})

test('the declarations of @limpet/replica type-check in a strict project', async () => {
  const source = `
    import { createContainer, createRedisStore, type Session, StaleEpochError } from '@limpet/replica'
    import { type ChannelMessage, openChannel } from '@limpet/replica/channel'
    import { type McpSession, openMcpSessions } from '@limpet/replica/mcp'
    export async function first(): Promise<ChannelMessage | undefined> {
      for await (const message of (await openChannel()).subscribe('a', { after: '0-0' })) return message
      return undefined
    }
    export const count = (session: McpSession) => session.state.update<number>('count', (old = 0) => old + 1)
    export const open = openMcpSessions
    export async function start(): Promise<number> {
      const store = await createRedisStore({ url: 'redis://127.0.0.1' })
      const container = await createContainer({ store, handler: (request, response, { session }) => use(session) })
      // @ts-expect-error
      await createContainer({ stroe: store })
      return (await container.listen()).port
    }
    async function use(session: Session | undefined): Promise<boolean> {
      return session?.put('a', 1).then(() => true, (error) => error instanceof StaleEpochError) ?? false
    }
  `
  assert.equal(await typeCheck(source), '')
})

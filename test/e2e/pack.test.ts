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

/** Holds `package/` (what would be published) and `consumer/` (a project that has installed its tarball). */
let folder: string
let packed: string
let consumer: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpet-pack-'))
  packed = join(folder, 'package')
  consumer = join(folder, 'consumer')
  await run(process.execPath, ['scripts/pack.ts', '--out', packed], { cwd: repositoryRoot })
  await run('npm', ['pack', '--pack-destination', folder], { cwd: packed })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  assert.ok(tarball, 'npm pack made no tarball')
  await mkdir(consumer)
  await writeFile(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n')
  await run('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball)], { cwd: consumer })
})
after(() => rm(folder, { recursive: true, force: true }))

async function installedFiles(): Promise<string[]> {
  return readdir(join(consumer, 'node_modules/limpet'), { recursive: true })
}

async function manifestAt(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
}

test('the package holds compiled code, declarations, licence and readme, and neither tests nor sources', async () => {
  const files = await installedFiles()
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
  assert.ok(stdout.includes(String((await manifestAt(packed)).version)), stdout)
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
  await writeFile(join(consumer, 'consumer.ts'), source)
  const flags = '--noEmit --strict --module nodenext --target es2024 --lib es2024 --types node'.split(' ')
  const types = ['--typeRoots', join(repositoryRoot, 'node_modules/@types')]
  const tsc = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
  const check = run(process.execPath, [tsc, ...flags, ...types, 'consumer.ts'], { cwd: consumer })
  const { stdout } = await check.catch((error: { stdout: string }) => error)
  assert.equal(stdout, '')
})

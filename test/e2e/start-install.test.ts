/** What `npm start` does before anything runs: installs what is missing, and finds a Node.js that is new enough. */
import assert from 'node:assert/strict'
import { type ExecFileException, execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { repositoryRoot } from './demo-process.ts'

const run = promisify(execFile)
const installing =
  'Installing packages as package-lock.json lists them, a Node.js among them; this takes a moment.\n'

/** A clone with one package, none of it from a registry, and a demo that prints its arguments and exits with 7. */
let clone: string

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'limpet-start-'))
  await mkdir(join(clone, 'examples/demo'), { recursive: true })
  await mkdir(join(clone, 'packages/local'), { recursive: true })
  await cp(join(repositoryRoot, 'scripts/run.mjs'), join(clone, 'scripts/run.mjs'))
  await writeFile(
    join(clone, 'examples/demo/main.ts'),
    `const args: string[] = process.argv.slice(2)
     console.log('demo', ...args, (await import('local')).name)
     process.exit(7)`,
  )
  await writeJson('packages/local/package.json', { name: 'local', version: '1.0.0', exports: './index.mjs' })
  await writeFile(join(clone, 'packages/local/index.mjs'), "export const name = 'with its package'")
  await writeJson('package.json', {
    name: 'clone',
    private: true,
    type: 'module',
    workspaces: ['packages/*'],
  })
  await writeJson('package-lock.json', {
    name: 'clone',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'clone', workspaces: ['packages/*'] },
      'node_modules/local': { resolved: 'packages/local', link: true },
      'packages/local': { name: 'local', version: '1.0.0' },
    },
  })
})
afterEach(() => rm(clone, { recursive: true, force: true }))

function writeJson(path: string, content: object): Promise<void> {
  return writeFile(join(clone, path), JSON.stringify(content))
}

interface Outcome {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

async function start(nodeFlags: readonly string[] = []): Promise<Outcome> {
  const args = [...nodeFlags, join(clone, 'scripts/run.mjs'), 'start', '--replicas', '5']
  try {
    return { code: 0, ...(await run(process.execPath, args)) }
  } catch (error) {
    const { code, stdout, stderr } = error as ExecFileException
    return { code, stdout: String(stdout), stderr: String(stderr) }
  }
}

const demoRan = { code: 7, stdout: 'demo --replicas 5 with its package\n' }

test('the first start installs, says so in one line and passes on arguments and exit code; the next is silent', async () => {
  assert.deepEqual(await start(), { ...demoRan, stderr: installing })
  assert.deepEqual(await start(), { ...demoRan, stderr: '' })
})

test('a package that is gone is installed again', async () => {
  await start()
  await rm(join(clone, 'node_modules/local'))
  assert.deepEqual(await start(), { ...demoRan, stderr: installing })
})

test("an install that was interrupted, and so has no record of npm's, is done again", async () => {
  await start()
  await rm(join(clone, 'node_modules/.package-lock.json'))
  assert.deepEqual(await start(), { ...demoRan, stderr: installing })
})

test("when npm can't install, its own output is shown and nothing runs", async () => {
  await start()
  await writeJson('packages/local/package.json', {
    name: 'local',
    dependencies: { missing: 'file:./nowhere' },
  })
  const { code, stdout, stderr } = await start()
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.ok(stderr.startsWith(installing), stderr)
  assert.match(stderr, /npm error.*in sync/)
  assert.match(stderr, /npm could not install the packages; its output is above\.\n$/)
})

test('an old Node.js hands over to the one among the packages, and says what to do where there is none', async () => {
  const old = `Object.defineProperty(process, 'version', { value: 'v20.0.0' })
    Object.defineProperty(process, 'execPath', { value: '/bin/sh' })`
  const asOld = ['--import', `data:text/javascript,${encodeURIComponent(old)}`]
  await start()
  const none = await start(asOld)
  assert.deepEqual([none.code, none.stdout], [1, ''])
  assert.match(
    none.stderr,
    /^Limpet needs Node\.js 24\.12 or newer\. This is v20\.0\.0, and npm has none for .*\n$/,
  )

  const packaged = join(clone, 'node_modules/.bin/node')
  await mkdir(join(clone, 'node_modules/.bin'), { recursive: true })
  await writeFile(packaged, '#!/bin/sh\necho cannot run here >&2; exit 1\n')
  await chmod(packaged, 0o755)
  assert.match((await start(asOld)).stderr, /^Limpet needs Node\.js/)

  await writeFile(packaged, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
  assert.deepEqual(await start(asOld), { ...demoRan, stderr: '' })
})

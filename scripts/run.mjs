// `npm start` and `npm test` from a fresh clone. Plain JavaScript without imports from npm, because it runs on
// whatever Node (20 or newer) is on the machine, before anything is installed. It installs what is missing,
// finds a Node that runs TypeScript as it stands, and hands over to it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { availableParallelism, constants } from 'node:os'
import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')

/** The running child, whether it is npm, and the signal that asked to stop. */
let child
let installing = false
let stoppedBy

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // A terminal sends SIGINT to the whole group and npm passes it on again: hand each over once.
    if (stoppedBy === signal) return
    stoppedBy = signal
    if (!child) process.exit(128 + constants.signals[signal])
    // npm takes seconds to put things back on a signal, for nothing: what is half installed is replaced next time.
    child.kill(installing ? 'SIGKILL' : signal)
  })
}

const [command, ...rest] = process.argv.slice(2)
if (command !== 'start' && command !== 'test') {
  fail('Usage: node scripts/run.mjs start [OPTIONS] | test [FILE]...')
}
if (needsInstall()) await install()
const node = findNode()
process.exit(command === 'start' ? await start() : await test())

function start() {
  // The channel tells the demo when this process is gone without having passed on a signal.
  return run(node, [join(root, 'examples/demo/main.ts'), ...rest], ['inherit', 'inherit', 'inherit', 'ipc'])
}

function test() {
  const flags = rest.filter((arg) => arg.startsWith('-'))
  const filters = rest.filter((arg) => !arg.startsWith('-'))
  return run(node, [
    '--test',
    '--test-reporter=spec',
    // Many tests wait for other processes, so two at a time pay even on two cores; more would only add noise.
    `--test-concurrency=${Math.min(4, Math.max(2, availableParallelism() - 1))}`,
    '--test-timeout=300000',
    ...flags,
    ...testFiles(filters),
  ])
}

/** All test files, or those whose path contains one of the filters. A filter that finds none is an error. */
function testFiles(filters) {
  const all = ['packages', 'examples', 'test', 'bench']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith('.test.ts') && !/[/](node_modules|dist)[/]/.test(path))
    .sort()
  if (all.length === 0) fail('There is no test file.')
  if (filters.length === 0) return all
  return filters.flatMap((filter) => {
    const wanted = relative(root, resolve(root, filter))
    const found = all.filter((path) => path.includes(wanted))
    return found.length > 0 ? found : fail(`No test file has "${filter}" in its path.`)
  })
}

/**
 * Whether node_modules differs from package-lock.json. npm writes what it has installed to
 * node_modules/.package-lock.json, last of all, so an interrupted install counts as missing.
 */
function needsInstall() {
  const wanted = readJson('package-lock.json')?.packages
  const installed = readJson('node_modules/.package-lock.json')?.packages
  if (!wanted || !installed) return true
  return Object.entries(wanted).some(([path, entry]) => {
    if (!path.includes('node_modules/')) return manifestDiffers(path, entry)
    if (entry.link) return !existsSync(join(root, path))
    // npm leaves out optional packages for other platforms, and then the folder is missing, too.
    if (!installed[path]) return !entry.optional
    return installed[path].version !== entry.version || !existsSync(join(root, path))
  })
}

/** Whether a workspace's package.json asks for something else than the lock file knows. */
function manifestDiffers(folder, entry) {
  const manifest = readJson(join(folder, 'package.json'))
  return ['dependencies', 'devDependencies', 'optionalDependencies'].some(
    (kind) => asSorted(manifest?.[kind]) !== asSorted(entry[kind]),
  )
}

function asSorted(dependencies = {}) {
  return JSON.stringify(Object.entries(dependencies).sort())
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'))
  } catch {
    return undefined
  }
}

async function install() {
  say('Installing packages as package-lock.json lists them, a Node.js among them; this takes a moment.')
  // npm's own Node, not the one in node_modules, which `npm ci` is about to remove.
  const { npm_execpath: cli = '', npm_node_execpath: npmNode = process.execPath } = process.env
  const ci = ['ci', '--loglevel=error']
  const [file, args] = /npm-cli\.c?js$/.test(cli) ? [npmNode, [cli, ...ci]] : ['npm', ci]
  const output = []
  installing = true
  const code = await run(file, args, ['ignore', 'pipe', 'pipe'], (chunk) => output.push(chunk))
  installing = false
  if (stoppedBy) process.exit(128 + constants.signals[stoppedBy])
  if (code !== 0) {
    process.stderr.write(Buffer.concat(output))
    fail('npm could not install the packages; its output is above.')
  }
}

/** A Node.js that runs TypeScript without a build step: the one among the packages, else the running one. */
function findNode() {
  const local = join(bin, 'node')
  if (existsSync(local)) {
    if (realpathSync(local) === realpathSync(process.execPath)) return local
    // It may be there and still not run, such as a glibc build on Alpine Linux.
    if (isNewEnough(spawnSync(local, ['--version'], { encoding: 'utf8' }).stdout ?? '')) return local
  }
  if (isNewEnough(process.version)) return process.execPath
  return fail(
    `Limpet needs Node.js 24.12 or newer. This is ${process.version}, and npm has none for ` +
      `${process.platform}-${process.arch}: install one from https://nodejs.org and run this again.`,
  )
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 12)
}

/** Runs a program in the repository's root and resolves to its exit code, as a shell would report it. */
function run(file, args, stdio = 'inherit', onOutput = undefined) {
  return new Promise((done) => {
    const path = `${bin}${delimiter}${process.env.PATH ?? ''}`
    child = spawn(file, args, { cwd: root, stdio, env: { ...process.env, PATH: path } })
    child.stdout?.on('data', onOutput)
    child.stderr?.on('data', onOutput)
    child.on('error', (error) => fail(`Can't run ${file}: ${error.message}`))
    child.on('close', (code, signal) => {
      child = undefined
      done(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}

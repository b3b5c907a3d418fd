/** deploy/compose: that the files say what Compose and Limpet understand, and fit each other. Nothing is started. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { repositoryRoot } from '../e2e/demo-process.ts'
import { runLimpet } from '../kit/router.ts'
import { type ComposeService, parseCompose } from './compose-file.ts'
import { readDockerfile } from './dockerfile.ts'

const folder = join(repositoryRoot, 'deploy/compose')
const text = readFileSync(join(folder, 'echo.yaml'), 'utf8')
const compose = parseCompose(text)
const stages = readDockerfile(join(repositoryRoot, 'deploy/Dockerfile'))
const services = Object.entries(compose.services)
const config = parse(readFileSync(join(folder, 'limpet.yaml'), 'utf8')) as {
  listen: string
  admin: string
  store: string
  timeouts: { shutdown: string }
  services: { replicas: { url: string; name: string }[] }[]
}

/** ENV of a stage, with what it has from the stages below. */
function environmentOf(name: string): Record<string, string> {
  const stage = stages.find((stage) => stage.name === name)
  return stage === undefined ? {} : { ...environmentOf(stage.base), ...stage.env }
}

const faulty: [what: string, from: string, to: string, fault: RegExp][] = [
  ['a misspelt key of a service', 'read_only:', 'readonly:', /services\/limpet .*"readonly"/],
  ['a misspelt key of a health check', 'interval: 2s', 'intervall: 2s', /"intervall"/],
  ['an unknown condition', 'service_healthy }', 'service_well }', /condition must be equal to one of/],
  ['a port that is a mapping of nothing', 'ports: ["', 'ports: [true, "', /\/ports\/0/],
]
for (const [what, from, to, fault] of faulty) {
  test(`${what} is against the schema of Compose files`, () => {
    assert.ok(text.includes(from))
    assert.throws(() => parseCompose(text.replace(from, to)), fault)
  })
}

test('limpet check takes the config', async () => {
  const { code, stdout, stderr } = await runLimpet(['check', join(folder, 'limpet.yaml')])
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /echo \(3 replicas\)/)
})

test('each replica of the config is a service that listens at that port under that name', () => {
  const replicas = config.services.flatMap(({ replicas }) => replicas)
  const listening = replicas.map(({ url, name }) => {
    const { hostname, port } = new URL(url)
    const { environment = {} } = compose.services[hostname] ?? {}
    assert.deepEqual([environment.NAME, environment.PORT], [name, port], url)
    return hostname
  })
  assert.deepEqual(
    listening,
    services.map(([name]) => name).filter((name) => name.startsWith('echo-')),
  )
})

test('the store of the router and the channel of the replicas are the service valkey, at its port', () => {
  const channels = services.flatMap(([, { environment }]) => environment?.LIMPET_CHANNEL ?? [])
  assert.deepEqual(channels, [config.store, config.store, config.store])
  const { hostname, port } = new URL(config.store)
  assert.equal(port, '6379', "Valkey's default, which its command does not change")
  assert.ok(compose.services[hostname])
})

test('the published ports are those that the routers listen at, on loopback only', () => {
  assert.deepEqual(compose.services.limpet!.ports, [`127.0.0.1:8080${config.listen}`])
  const { command, ports } = compose.services.workers!
  assert.deepEqual(ports, [`127.0.0.1:8090${command![command!.indexOf('--listen') + 1]}`])
})

test('what is built, mounted and run is there', () => {
  for (const [name, { build, volumes = [], command = [] }] of services) {
    if (build !== undefined) {
      const context = resolve(folder, build.context)
      assert.ok(existsSync(join(context, build.dockerfile)), `${name}: ${build.dockerfile}`)
      assert.ok(
        stages.some((stage) => stage.name === build.target),
        `${name}: ${build.target}`,
      )
    }
    for (const volume of volumes) {
      if (typeof volume === 'string') {
        assert.ok(volume.split(':')[0]! in compose.volumes!, `${name}: ${volume}`)
        assert.equal(volume.split(':')[1], `${environmentOf('limpet').XDG_STATE_HOME}/limpet`)
      } else assert.ok(existsSync(resolve(folder, volume.source)), `${name}: ${volume.source}`)
    }
    for (const path of command.filter((word) => word.endsWith('.ts'))) {
      assert.ok(path.startsWith('examples/echo/'), `${name}: ${path}`)
    }
  }
})

test("the config is mounted where the image's command looks for it", () => {
  const { CMD } = stages.at(-1)!.settings
  const mounts = compose.services.limpet!.volumes!.filter((volume) => typeof volume !== 'string')
  assert.deepEqual(
    mounts.map(({ source, target }) => [source, `${target}/limpet.yaml`]),
    [['.', JSON.parse(CMD!)[1]]],
  )
})

test('the health checks ask where the processes listen, and whoever is waited for has one', () => {
  assert.equal(environmentOf('limpet').HEALTH_URL, `http://${config.admin}/healthz`)
  const echo = environmentOf('echo')
  assert.equal(echo.HEALTH_URL, `http://127.0.0.1:${echo.PORT}/healthz`)
  for (const [name, { environment, build }] of services) {
    if (build?.target === 'echo' && name !== 'workers') assert.equal(environment?.PORT, echo.PORT, name)
  }
  const { command, environment } = compose.services.workers!
  assert.equal(environment?.HEALTH_URL, `http://${command![command!.indexOf('--admin') + 1]}/healthz`)
  for (const [name, { depends_on = {} }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const { build, healthcheck } = compose.services[other]!
      assert.equal(condition, 'service_healthy', `${name} waits for ${other}`)
      assert.ok(build ?? healthcheck, `${other} has no health check`)
    }
  }
})

test('no container can write to its image, gain rights or keep any', () => {
  const rightsOf = ({ read_only, cap_drop, security_opt }: ComposeService) => [
    read_only,
    cap_drop,
    security_opt,
  ]
  for (const [name, service] of services) {
    assert.deepEqual(rightsOf(service), [true, ['ALL'], ['no-new-privileges:true']], name)
  }
})

test('the router is given longer to end than it takes', () => {
  const seconds = [config.timeouts.shutdown, compose.services.limpet!.stop_grace_period!].map(
    Number.parseFloat,
  )
  assert.ok(seconds[0]! < seconds[1]!, `${seconds}`)
})

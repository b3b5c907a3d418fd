import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { ConfigError, StartError } from '../errors.ts'
import { configFromInput, loadConfig, parseConfig } from './load.ts'
import type { ConfigInput } from './schema.ts'

const services = 'services: [{ name: chat, replicas: [http://127.0.0.1:8001] }]'

describe('parseConfig', () => {
  it('fills in every default', () => {
    assert.deepEqual(parseConfig(services, 'limpet.yaml'), {
      listen: { host: '127.0.0.1', port: 8080 },
      admin: undefined,
      workers: availableParallelism(),
      keys: { file: undefined },
      pins: { capacity: 1_000_000 },
      trustedProxies: [],
      forwarded: false,
      via: undefined,
      store: undefined,
      limits: {
        headBytes: 16_384,
        headerCount: 100,
        targetBytes: 8192,
        bodyBytes: 0,
        bodyRate: 256,
        connections: 0,
        connectionsPerClient: 0,
      },
      timeouts: {
        headMs: 10_000,
        idleMs: 75_000,
        connectMs: 2000,
        responseMs: 300_000,
        streamMs: 300_000,
        tunnelIdleMs: 3_600_000,
        tunnelPingMs: 0,
        requestBodyMs: 30_000,
        writeStallMs: 60_000,
        shutdownMs: 30_000,
      },
      pool: { idleMs: 4000, maxIdle: 256 },
      log: { level: 'info', access: 'off' },
      services: [
        {
          name: 'chat',
          match: [{ host: undefined, path: '/' }],
          replicas: [
            {
              url: 'http://127.0.0.1:8001',
              protocol: 'http',
              host: '127.0.0.1',
              port: 8001,
              name: '127.0.0.1:8001',
              weight: 1,
              drain: false,
            },
          ],
          dialect: 'header',
          session: [{ kind: 'header', name: 'x-session-id' }],
          sagemaker: undefined,
          mcp: undefined,
          cookie: {
            name: 'limpet',
            begins: 'always',
            pair: false,
            idleMs: 1_200_000,
            absoluteMs: 86_400_000,
            sameSite: 'lax',
            secure: 'auto',
            domain: undefined,
            path: '/',
            persist: false,
          },
          ttlMs: 1_200_000,
          maxAgeMs: 0,
          balance: 'least-load',
          bound: { factor: 1.25, gap: 8 },
          maxSessions: undefined,
          serialize: false,
          onLost: 'rehome',
          drainTimeoutMs: 0,
          health: { path: undefined, intervalMs: 2000, timeoutMs: 1000, healthy: 1, unhealthy: 2 },
          ejection: { failures: 3, backoffMs: 1000, maxBackoffMs: 60_000 },
          host: 'preserve',
          decisionHeader: true,
        },
      ],
    })
  })

  it('reports every fault, in the order of the file', () => {
    const text = ['listen: 8080', 'service:', '  - name: a', 'timeouts: { head: 5 }'].join('\n')
    assert.throws(
      () => parseConfig(text, 'limpet.yaml'),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError)
        assert.equal(
          error.message,
          [
            'limpet.yaml:1:1: services is missing',
            'limpet.yaml:1:9: listen must be HOST:PORT, :PORT or [IPV6]:PORT, not 8080; did you mean ":8080"?',
            'limpet.yaml:2:1: service is not known; did you mean services?',
            'limpet.yaml:4:19: timeouts.head must be a duration such as 20m or 500ms, not 5',
          ].join('\n'),
        )
        assert.deepEqual(error.faults[3], {
          file: 'limpet.yaml',
          line: 4,
          column: 19,
          message: 'timeouts.head must be a duration such as 20m or 500ms, not 5',
        })
        return true
      },
    )
  })

  it('takes relative paths from the folder of the file', () => {
    const text = `keys: { file: limpet.keys }\nservices: [{ name: a, replicas: [], session: 'module:./session.ts' }]`
    const config = parseConfig(text, '/etc/limpet/limpet.yaml')
    assert.equal(config.keys.file, resolve('/etc/limpet/limpet.keys'))
    const path = resolve('/etc/limpet/session.ts')
    assert.deepEqual(config.services[0]?.session, [{ kind: 'module', path }])
  })

  it('follows aliases, and points at what they stand for', () => {
    const text = `services:\n  - &a { name: a, replicas: [], health: &h { interval: 1s } }\n  - { name: b, replicas: [], match: { path: /b }, health: *h }\n`
    assert.equal(parseConfig(text, 'f').services[1]?.health?.intervalMs, 1000)
    assert.throws(() => parseConfig(text.replace('1s', '1'), 'f'), {
      message: [
        'f:2:56: services[0].health.interval must be a duration such as 20m or 500ms, not 1',
        'f:2:56: services[1].health.interval must be a duration such as 20m or 500ms, not 1',
      ].join('\n'),
    })
  })
})

describe('loadConfig', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limpet-load-'))
  after(() => rm(folder, { recursive: true }))

  it('reads a file', async () => {
    const path = join(folder, 'good.yaml')
    await writeFile(path, `\uFEFF${services}`)
    assert.equal((await loadConfig(path)).services[0]?.name, 'chat')
  })

  const unreadable: [string, (path: string) => Promise<unknown>, string][] = [
    ['absent', async () => undefined, 'does not exist'],
    ['a folder', (path) => mkdir(path), 'is a folder'],
    ['of another encoding', (path) => writeFile(path, Buffer.from([0xff, 0xfe, 0x61])), 'is not UTF-8 text'],
    ['too large', (path) => writeFile(path, '#'.repeat(1_048_577)), 'is larger than 1048576 bytes'],
  ]
  for (const [what, make, why] of unreadable) {
    it(`says what is wrong with a file that is ${what}`, async () => {
      const path = join(folder, what)
      await make(path)
      await assert.rejects(loadConfig(path), (error: unknown) => {
        assert.ok(error instanceof StartError)
        assert.equal(error.code, 'LIMPET_CONFIG_FILE')
        assert.equal(error.message, `The config file ${path} ${why}.`)
        return true
      })
    })
  }
})

describe('configFromInput', () => {
  it('names the options that are wrong', () => {
    const input = {
      services: [{ name: 'a', replicas: ['x'], ttl: '20', onlost: 'reject' }],
    } as unknown as ConfigInput
    assert.throws(() => configFromInput(input), {
      name: 'ConfigError',
      message: [
        'services[0].replicas[0] must be http://HOST:PORT, https://HOST:PORT or unix:PATH, not "x"',
        'services[0].ttl must be a duration such as 20m or 500ms, not "20"',
        'services[0].onlost is not known; did you mean onLost?',
      ].join('\n'),
    })
  })

  it('takes functions as session sources where no thread has to share them', () => {
    const nameSession = () => 'me'
    const input = { workers: 0, services: [{ name: 'a', replicas: [], session: [nameSession, 'ip'] }] }
    assert.deepEqual(configFromInput(input).services[0]?.session, [
      { kind: 'function', nameSession },
      { kind: 'ip' },
    ])
    assert.throws(() => configFromInput({ ...input, workers: 2 }), {
      message:
        'services[0].session[0] is a function, which worker threads cannot share: set workers to 0, or write module:PATH',
    })
  })

  it('takes relative paths from the working directory', () => {
    const config = configFromInput({ keys: { file: 'k' }, services: [{ name: 'a', replicas: [] }] })
    assert.equal(config.keys.file, resolve('k'))
  })
})

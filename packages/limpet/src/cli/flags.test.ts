import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { configFromInput, parseConfig } from '../config/load.ts'
import { applyOverrides, parseServeFlags, serveHelp } from './flags.ts'

/** The arguments of a command line without quotes. */
const args = (line: string) => line.split(' ').filter((arg) => arg !== '')

const faults: [line: string, ...faults: string[]][] = [
  ['', 'limpet serve needs a config file or at least one --replica; see limpet serve --help'],
  ['--listen :80', 'limpet serve needs a config file or at least one --replica; see limpet serve --help'],
  [
    '--store redis://127.0.0.1',
    'limpet serve needs a config file or at least one --replica; see limpet serve --help',
  ],
  ['limpet.yaml --store redis://:hunter2@a:b', '--store has a server that is not HOST or HOST:PORT'],
  ['--sesion ip --replica http://a', '--sesion is not an option of limpet serve; did you mean --session?'],
  ['-p 80', '-p is not an option of limpet serve; see --help'],
  ['--listen', '--listen needs a value'],
  ['--replica --access-log', '--replica needs a value'],
  ['--access-log=stdout', '--access-log takes no value'],
  ['--ttl 1m --ttl 2m', '--ttl stands here twice'],
  ['a.yaml b.yaml', 'b.yaml is one config file too many: the first is a.yaml'],
  [
    'limpet.yaml --replica http://a --ttl 5m',
    "--replica can't stand beside a config file: write it in limpet.yaml, or leave the file out",
    "--ttl can't stand beside a config file: write it in limpet.yaml, or leave the file out",
  ],
  ['limpet.yaml --listen 80', '--listen must be HOST:PORT, :PORT or [IPV6]:PORT, not "80"'],
  ['--replica http://a --admin 1', '--admin must be HOST:PORT, :PORT, [IPV6]:PORT or off, not "1"'],
  [
    'limpet.yaml --workers 0',
    '--workers must be at least 1: only the library can serve without worker threads',
  ],
  [
    '--replica a --session me --dialect openai --balance fair --on-lost cry --ttl 5 --workers two',
    '--workers must be a number, not "two"',
    '--replica must be http://HOST:PORT, https://HOST:PORT or unix:PATH, not "a"',
    '--dialect is openai, which this version does not have yet; it has header, cookie, sagemaker, mcp',
    '--session must be header:NAME, cookie:NAME, query:NAME, bearer, ip, cookie or module:PATH, not "me"',
    '--ttl must be a duration such as 20m or 500ms, not "5"',
    '--balance must be round-robin, random or least-load, not "fair"',
    '--on-lost must be rehome or reject, not "cry"',
  ],
  [
    '--replica http://a --cookie-begins navigation',
    '--cookie-begins has no effect: add cookie to session, or set dialect: cookie',
  ],
  ['--replica http://a --endpoint x', '--endpoint has no effect without dialect: sagemaker'],
  [
    '--replica http://a --dialect sagemaker --endpoint x_y --max-sessions many',
    '--endpoint must be 1 to 63 letters, digits and hyphens, with none of those at either end',
    '--max-sessions must be off or a number, not "many"',
  ],
  ['--replica http://a --replica http://a:80', '--replica repeats http://a:80, the URL of replicas[0]'],
]

describe('limpet serve', () => {
  for (const [line, ...expected] of faults) {
    it(`refuses "${line}"`, () => {
      assert.deepEqual(parseServeFlags(args(line)), { kind: 'faults', faults: expected })
    })
  }

  it('makes one service of flags alone', () => {
    const flags = parseServeFlags(
      args(
        '--replica http://a:1 --replica=http://b:2 --session header:X-Id --session ip --dialect cookie --balance random --on-lost reject --ttl 1h --workers 3 --keys k --access-log --listen :80 --admin off',
      ),
    )
    assert.ok(flags.kind === 'flags')
    const { listen, admin, workers, keys, log, services } = configFromInput(flags.input)
    assert.deepEqual([listen, admin, workers, log.access], [{ host: '', port: 80 }, undefined, 3, 'stdout'])
    assert.match(keys.file ?? '', /k$/)
    const [service] = services
    assert.deepEqual(
      service?.replicas.map(({ url }) => url),
      ['http://a:1', 'http://b:2'],
    )
    assert.deepEqual(
      service?.session.map(({ kind }) => kind),
      ['header', 'ip', 'own-cookie'],
    )
    assert.deepEqual(
      [service?.name, service?.balance, service?.onLost, service?.ttlMs],
      ['default', 'random', 'reject', 3_600_000],
    )
  })

  it('takes any endpoint of the SageMaker API, or the one that is named', () => {
    const serviceOf = (line: string) => {
      const flags = parseServeFlags(args(`--replica http://a ${line}`))
      assert.ok(flags.kind === 'flags', JSON.stringify(flags))
      return configFromInput(flags.input).services[0]!
    }
    assert.equal(serviceOf('--dialect sagemaker').sagemaker?.endpoint, '*')
    const named = serviceOf('--dialect sagemaker --endpoint media-1 --max-sessions 7 --on-lost rehome')
    assert.deepEqual([named.sagemaker?.endpoint, named.maxSessions, named.onLost], ['media-1', 7, 'rehome'])
  })

  it('takes the Model Context Protocol with all that is usual there, or other sources beside', () => {
    const serviceOf = (line: string) => {
      const flags = parseServeFlags(args(`--replica http://a --dialect mcp ${line}`))
      assert.ok(flags.kind === 'flags', JSON.stringify(flags))
      return configFromInput(flags.input).services[0]!
    }
    const plain = serviceOf('')
    assert.deepEqual([plain.dialect, plain.mcp?.recover, plain.session], ['mcp', 'reinitialize', []])
    assert.deepEqual([plain.ttlMs, plain.drainTimeoutMs, plain.onLost], [43_200_000, 300_000, 'rehome'])
    const other = serviceOf('--session cookie --ttl 1h --on-lost reject')
    assert.deepEqual(
      [other.session, other.ttlMs, other.onLost],
      [[{ kind: 'own-cookie' }], 3_600_000, 'reject'],
    )
  })

  it('puts flags over the settings of a file', () => {
    const flags = parseServeFlags(args('limpet.yaml --workers 3 --access-log --admin'))
    assert.ok(flags.kind === 'file')
    assert.equal(flags.configPath, 'limpet.yaml')
    const file = parseConfig(
      'listen: :80\nworkers: 9\nlog: { level: warn }\nservices: [{ name: a, replicas: [] }]',
      'f',
    )
    assert.deepEqual(applyOverrides(file, flags.overrides), {
      ...file,
      workers: 3,
      admin: { host: '127.0.0.1', port: 8081 },
      log: { level: 'warn', access: 'stdout' },
    })
  })

  it('takes a store with a config file and without one', () => {
    const beside = parseServeFlags(args('limpet.yaml --store sqlite:pins.db'))
    assert.ok(beside.kind === 'file')
    const file = parseConfig('store: redis://a\nservices: [{ name: a, replicas: [] }]', 'f')
    assert.deepEqual(applyOverrides(file, beside.overrides).store?.location, {
      kind: 'sqlite',
      path: resolve('pins.db'),
      shown: 'sqlite:pins.db',
    })
    const alone = parseServeFlags(args('--replica http://a --store redis://b'))
    assert.ok(alone.kind === 'flags')
    assert.equal(configFromInput(alone.input).store?.location.shown, 'redis://b')
  })

  it('leaves the settings of a file alone without flags', () => {
    assert.deepEqual(parseServeFlags(['limpet.yaml']), {
      kind: 'file',
      configPath: 'limpet.yaml',
      overrides: {},
    })
  })

  it("can close a file's admin listener", () => {
    const flags = parseServeFlags(args('limpet.yaml --admin off'))
    assert.ok(flags.kind === 'file')
    const file = parseConfig('admin: :81\nservices: [{ name: a, replicas: [] }]', 'f')
    assert.equal(applyOverrides(file, flags.overrides).admin, undefined)
  })

  it('opens the admin listener where it usually is when --admin has no value', () => {
    const flags = parseServeFlags(args('--admin --replica http://a'))
    assert.ok(flags.kind === 'flags')
    assert.equal(flags.input.admin, '127.0.0.1:8081')
  })

  for (const line of ['--help', '-h', 'limpet.yaml --replica x --help']) {
    it(`prints help for ${line}`, () => {
      assert.deepEqual(parseServeFlags(args(line)), { kind: 'help' })
    })
  }

  it('has examples in its help that it takes itself', () => {
    const lines = [...serveHelp.matchAll(/^ {2}limpet serve (.*)$/gm)].map(([, line]) => line ?? '')
    assert.ok(lines.length >= 3)
    for (const line of lines) assert.match(parseServeFlags(args(line)).kind, /^(?:file|flags)$/, line)
  })
})

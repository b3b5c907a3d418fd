import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, test } from 'node:test'
import { configFromInput } from '../config/load.ts'
import { parseWorkersFlags } from './workers-flags.ts'

function parse(line: string) {
  return parseWorkersFlags(line.split(' ').filter((arg) => arg !== ''))
}

const faults: [line: string, ...faults: string[]][] = [
  ['', 'needs a command after --, such as: limpet workers -- node server.js; see limpet workers --help'],
  [
    '-n 2 --',
    'needs a command after --, such as: limpet workers -- node server.js; see limpet workers --help',
  ],
  ['node server.js', 'node stands before --: write limpet workers [options] -- COMMAND'],
  ['-n 0 -- a', '-n must be a number from 1 to 256, not "0"'],
  ['-n 257 -- a', '-n must be a number from 1 to 256, not "257"'],
  ['-n two -- a', '-n must be a number from 1 to 256, not "two"'],
  ['-n 1 -n 2 -- a', '-n stands here twice'],
  ['-n -- a', '-n needs a value'],
  ['--sokcet -- a', '--sokcet is not an option of limpet workers; did you mean --socket?'],
  ['--replica http://a -- a', '--replica is not an option of limpet workers; see --help'],
  ['--grace 0s -- a', '--grace must be a duration up to 1h, such as 10s, not "0s"'],
  ['--ready-timeout 2h -- a', '--ready-timeout must be a duration up to 1h, such as 30s, not "2h"'],
  ['--socket -- a {port}', '{port} has no meaning with --socket'],
  ['-- a --at={socket}', '{socket} has no meaning without --socket'],
  ['--dialect sagemaker -- a', '--dialect must be header, cookie or mcp, not sagemaker'],
  ['--threads 0 -- a', '--threads must be at least 1: only the library can serve without worker threads'],
  ['--cookie-begins never -- a', '--cookie-begins must be always or navigation, not "never"'],
  [
    '--health h --on-lost cry -- a',
    '--health must start with / and hold no space or #',
    '--on-lost must be rehome or reject, not "cry"',
  ],
]

describe('limpet workers', () => {
  for (const [line, ...expected] of faults) {
    test(`refuses "${line}"`, () => {
      const flags = parse(line)
      assert.ok(flags.kind === 'faults')
      assert.deepEqual([...flags.faults].sort(), [...expected].sort())
    })
  }

  test('needs a command and nothing else', () => {
    const flags = parse('-- node server.js --help -n 3')
    assert.ok(flags.kind === 'run')
    const { input, ...rest } = flags
    assert.deepEqual(rest, {
      kind: 'run',
      command: ['node', 'server.js', '--help', '-n', '3'],
      count: Math.min(availableParallelism(), 256),
      usesSockets: false,
      hasPrefix: true,
      readyTimeoutMs: 30_000,
      graceMs: 10_000,
    })
    const [service] = configFromInput(input).services
    assert.deepEqual(service!.session, [{ kind: 'own-cookie' }])
    assert.deepEqual([service!.dialect, service!.onLost, service!.drainTimeoutMs], ['header', 'rehome', 1])
  })

  test('takes what limpet serve takes for one service', () => {
    const flags = parse(
      '-n 5 --socket --no-prefix --health /h --ready-timeout 1m --grace 2s --listen :81 --admin --session bearer --session ip --balance random --session cookie --cookie-begins navigation --on-lost reject --ttl 5m --threads 3 --access-log --store memory: -- a {socket}',
    )
    assert.ok(flags.kind === 'run')
    assert.deepEqual([flags.count, flags.usesSockets, flags.hasPrefix], [5, true, false])
    assert.deepEqual([flags.readyTimeoutMs, flags.graceMs], [60_000, 2000])
    const config = configFromInput(flags.input)
    assert.deepEqual([config.listen.port, config.admin?.port, config.workers], [81, 8081, 3])
    assert.deepEqual([config.log.access, config.store?.location.kind], ['stdout', 'memory'])
    const [service] = config.services
    assert.deepEqual(service!.session, [{ kind: 'bearer' }, { kind: 'ip' }, { kind: 'own-cookie' }])
    assert.equal(service!.cookie.begins, 'navigation')
    assert.deepEqual([service!.balance, service!.onLost, service!.ttlMs], ['random', 'reject', 300_000])
    assert.equal(service!.health!.path, '/h')
  })

  test('leaves sessions to the protocol with --dialect mcp', () => {
    const flags = parse('--dialect mcp -- a')
    assert.ok(flags.kind === 'run')
    assert.deepEqual(configFromInput(flags.input).services[0]!.session, [])
  })

  test('explains itself', () => {
    assert.equal(parse('--help').kind, 'help')
    assert.equal(parse('-n 0 -h -- a').kind, 'help')
  })
})

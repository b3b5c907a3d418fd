import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sessionsHelp } from './sessions.ts'
import { parseSessionsFlags } from './sessions-flags.ts'

const args = (line: string) => line.split(' ').filter((arg) => arg !== '')
const admin = { host: '127.0.0.1', port: 8081 }

const faults: [line: string, fault: string][] = [
  ['', 'needs list, show or close; see limpet sessions --help'],
  ['--json', 'needs list, show or close; see limpet sessions --help'],
  ['lst', "can't lst; did you mean list?"],
  ['kill a', "can't kill; see limpet sessions --help"],
  ['list a', 'list takes no a; see --help'],
  ['list --servce a', 'list: there is no option --servce; did you mean --service?'],
  ['list --verbose', 'list: there is no option --verbose; see --help'],
  ['list --service', 'list: --service needs a value'],
  ['list --service --json', 'list: --service needs a value'],
  ['list --service=', 'list: --service needs a value'],
  ['list --json=yes', 'list: --json takes no value'],
  ['list --limit 1 --limit 2', 'list: --limit stands here twice'],
  ['list --limit 0', 'list: --limit must be a number from 1 to 1000, not "0"'],
  ['list --limit 1001', 'list: --limit must be a number from 1 to 1000, not "1001"'],
  ['list --idle 5', 'list: --idle must be a duration such as 20m or 500ms, not "5"'],
  ['list --admin 8081', 'list: --admin must be HOST:PORT or [IPV6]:PORT'],
  ['list --admin a:0', 'list: --admin must be HOST:PORT or [IPV6]:PORT'],
  ['show', 'show needs one ID or HASH'],
  ['show a b', 'show needs one ID or HASH'],
  ['close', 'close needs one ID or HASH'],
  ['close a --idle 5m', 'close: there is no option --idle; see --help'],
]

describe('limpet sessions', () => {
  for (const [line, fault] of faults) {
    it(`refuses "${line}"`, () => assert.deepEqual(parseSessionsFlags(args(line)), { kind: 'fault', fault }))
  }

  it('reads what to list', () => {
    assert.deepEqual(parseSessionsFlags(['list']), { kind: 'list', admin, isJson: false, filter: {} })
    const line = 'list --service a --replica=b --idle 1h30m --limit 1000 --json --admin [::1]:9'
    assert.deepEqual(parseSessionsFlags(args(line)), {
      kind: 'list',
      admin: { host: '::1', port: 9 },
      isJson: true,
      filter: { service: 'a', replica: 'b', idle: '1h30m', limit: '1000' },
    })
  })

  it('reads which session to show or close, wherever it stands', () => {
    const common = { admin, isJson: false, name: 'a b' }
    assert.deepEqual(parseSessionsFlags(['show', 'a b']), { kind: 'show', ...common, service: undefined })
    const close = { kind: 'close', ...common, service: 's' }
    assert.deepEqual(parseSessionsFlags(['--service', 's', 'close', 'a b']), close)
    const dashed = { kind: 'show', ...common, name: '--a', service: undefined }
    assert.deepEqual(parseSessionsFlags(['show', '--', '--a']), dashed)
  })

  it('prints help for --help anywhere', () => {
    for (const line of ['--help', 'list -h', 'close --help --nothing'])
      assert.deepEqual(parseSessionsFlags(args(line)), { kind: 'help' })
  })

  it('has examples in its help that it takes itself', () => {
    const lines = [...sessionsHelp.matchAll(/^ {2}limpet sessions (.*)$/gm)].map(([, line]) => line ?? '')
    assert.deepEqual(
      lines.map((line) => parseSessionsFlags(args(line)).kind),
      ['list', 'show', 'close'],
    )
  })
})

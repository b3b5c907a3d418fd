import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { suffixLength } from '../../session/id-suffix.ts'
import { isRoutableId, isSessionId, parseSaidSession, sayNewSession } from './session-id.ts'

// A time without an offset is UTC wherever the router runs.
process.env.TZ = 'Asia/Tokyo'

/** As the API's service model has it. It is slow on long texts that do not match, and so not what the router uses. */
const published = /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/

describe('a session id', () => {
  for (const text of [
    'a',
    '7',
    'Ab9',
    'a-b',
    'a--b---c',
    '5f0c1c9e-6a39-4b0e-9c0d-2f1f8d1b7a60',
    '',
    '-',
    '-a',
    'a-',
    'a_b',
    'a.b',
    'a b',
    ' a',
    'a;b',
    'a/b',
    '../a',
    'ä',
    'a\n',
    'NEW_SESSION',
  ]) {
    const allowed = published.test(text)
    test(`${JSON.stringify(text)} is ${allowed ? 'one' : 'none'}, as the API has it`, () => {
      assert.equal(isSessionId(text), allowed)
    })
  }

  test('has 256 characters at most; with less than the suffix left, it can not be routed', () => {
    assert.deepEqual([isSessionId('x'.repeat(256)), isSessionId('x'.repeat(257))], [true, false])
    const most = 256 - suffixLength
    assert.deepEqual([isRoutableId('x'.repeat(most)), isRoutableId('x'.repeat(most + 1))], [true, false])
    assert.deepEqual([isRoutableId(''), isRoutableId('a-')], [false, false])
  })
})

describe('what a container says of a session', () => {
  const atMs = Date.UTC(2030, 0, 2, 3, 4, 5)
  for (const [value, id, expiresAtMs] of [
    ['abc; Expires=2030-01-02T03:04:05Z', 'abc', atMs],
    ['abc;Expires=2030-01-02T03:04:05Z', 'abc', atMs],
    ['  abc ;  expires=2030-01-02T03:04:05Z  ', 'abc', atMs],
    ['abc; Path=/; EXPIRES=2030-01-02T03:04:05Z; x', 'abc', atMs],
    ['abc; Expires=2030-01-02T03:04:05', 'abc', atMs],
    ['abc; Expires=2030-01-02 03:04:05', 'abc', atMs],
    ['abc; Expires=2030-01-02T03:04:05.250Z', 'abc', atMs + 250],
    ['abc; Expires=2030-01-02T03:04:05.250999', 'abc', atMs + 250],
    ['abc; Expires=2030-01-02T05:04:05+02:00', 'abc', atMs],
    ['abc; Expires=2030-01-02T05:04:05+0200', 'abc', atMs],
    ['abc; Expires=2030-01-01T22:34:05-04:30', 'abc', atMs],
    ['abc', 'abc', undefined],
    ['', '', undefined],
    ['; Expires=2030-01-02T03:04:05Z', '', atMs],
    ['abc; Expires=', 'abc', undefined],
    ['abc; Expires=soon', 'abc', undefined],
    ['abc; Expires=2030-13-02T03:04:05Z', 'abc', undefined],
    ['abc; Expires=2030-01-02', 'abc', undefined],
    ['abc; Expires=1893553445', 'abc', undefined],
    ['abc; Expires=Wed, 02 Jan 2030 03:04:05 GMT', 'abc', undefined],
    ['abc; MaxExpires=2030-01-02T03:04:05Z', 'abc', undefined],
  ] as const) {
    const until = expiresAtMs === undefined ? 'without an expiry' : `until ${expiresAtMs}`
    test(`${JSON.stringify(value)} is ${JSON.stringify(id)} ${until}`, () => {
      assert.deepEqual(parseSaidSession(value), { id, expiresAtMs })
    })
  }

  test('is said to clients in whole seconds of UTC, and never later than it is', () => {
    assert.equal(sayNewSession('abc', atMs), 'abc; Expires=2030-01-02T03:04:05Z')
    assert.equal(sayNewSession('abc', atMs + 999), 'abc; Expires=2030-01-02T03:04:05Z')
    assert.deepEqual(parseSaidSession(sayNewSession('abc', atMs)), { id: 'abc', expiresAtMs: atMs })
  })
})

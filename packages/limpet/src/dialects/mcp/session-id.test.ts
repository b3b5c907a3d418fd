import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { suffixLength } from '../../session/id-suffix.ts'
import { createKeyring } from '../../session/keyring.ts'
import { replicaTag } from '../../session/routing-claim.ts'
import { SessionIds } from './session-id.ts'

const secrets = [1, 2].map((id) => ({ id, secret: Buffer.alloc(32, id) }))
const keyring = createKeyring(secrets.slice(0, 1))
const tag = replicaTag(keyring, 1, 'app', 'a')
const ids = new SessionIds(keyring, 'app', 'session')
const ALICE = '["subject","iss","alice"]'
const BOB = '["subject","iss","bob"]'

/** The id of a replica's session as its client gets it. */
const sealed = ids.seal('abc', tag, undefined)!

describe("a client's id for a session", () => {
  test("is the replica's with a suffix, and opens to it and to where it lives", () => {
    assert.match(sealed, /^abc-[0-9a-f]{64}$/)
    assert.deepEqual(ids.open(sealed, undefined), {
      idAtReplica: 'abc',
      carried: { keyId: 1, replicaTag: tag, epoch: 0 },
    })
  })

  for (const id of ['x', '-', '!~', 'a-b', 'a&b=c#d?e/f%20', '"\\', 'A'.repeat(1024), sealed, `${sealed}-`]) {
    test(`may be made of ${JSON.stringify(id.slice(0, 20))} (${id.length})`, () => {
      const opened = ids.open(ids.seal(id, tag, undefined)!, undefined)
      assert.equal(typeof opened === 'string' ? opened : opened.idAtReplica, id)
    })
  }

  for (const id of ['', ' ', 'a b', 'a\tb', 'a\r\nX-Evil: 1', 'a\n', 'ä', '\x7f', '\0', 'A'.repeat(1025)]) {
    test(`is none where the replica's is ${JSON.stringify(id.slice(0, 20))} (${id.length})`, () => {
      assert.equal(ids.seal(id, tag, undefined), undefined)
    })
  }

  test('opens again and again to the same, and is not mixed up with what was opened before', () => {
    const other = ids.seal('other', replicaTag(keyring, 1, 'app', 'b'), ALICE)!
    for (let round = 0; round < 2; round++) {
      assert.equal((ids.open(sealed, BOB) as { idAtReplica: string }).idAtReplica, 'abc')
      assert.equal((ids.open(other, ALICE) as { idAtReplica: string }).idAtReplica, 'other')
      assert.equal(ids.open(other, BOB), 'foreign')
    }
  })

  test('opens as long as its replica says so: for a hundred years, with any clock', () => {
    assert.equal(parseInt(sealed.slice(-40, -32), 16), 0xffffffff)
  })
})

describe('an id that was not given', () => {
  test('is known in each place where it was altered', () => {
    for (let at = 0; at < sealed.length; at++) {
      const char = sealed[at] === 'f' ? 'e' : 'f'
      const altered = sealed.slice(0, at) + char + sealed.slice(at + 1)
      assert.match(String(ids.open(altered, undefined)), /^(?:forged|unknown)$/, `${at}`)
    }
    for (let at = 1; at < sealed.length; at++)
      assert.match(String(ids.open(sealed.slice(0, at), undefined)), /^(?:forged|unknown)$/, `${at}`)
  })

  for (const [what, id, status] of [
    ["the replica's own", 'abc', 'unknown'],
    ['empty', '', 'unknown'],
    ["another session's suffix", `abd${sealed.slice(3)}`, 'forged'],
    ['a suffix twice', sealed + sealed.slice(3), 'forged'],
    ['a suffix alone', sealed.slice(4), 'unknown'],
    ['a suffix without an id', sealed.slice(3), 'unknown'],
    ['in capitals', sealed.toUpperCase(), 'unknown'],
    ['with a space behind', `${sealed} `, 'unknown'],
    ['a suffix of nothing', `abc-${'0'.repeat(64)}`, 'unknown'],
    ['of a key that is not there', `abc-0107${'0'.repeat(60)}`, 'unknown'],
    ['of a version to come', `${sealed.slice(0, 4)}02${sealed.slice(6)}`, 'unknown'],
    ['longer than any that is given', `${'A'.repeat(2000)}${sealed}`, 'unknown'],
  ] as const) {
    test(`such as one that is ${what} is ${status}`, () => assert.equal(ids.open(id, undefined), status))
  }

  test('by this service is foreign, or forged where the secret is another', () => {
    assert.equal(new SessionIds(keyring, 'other', 'session').open(sealed, undefined), 'foreign')
    const others = createKeyring([{ id: 1, secret: Buffer.alloc(32, 9) }])
    assert.equal(new SessionIds(others, 'app', 'session').open(sealed, undefined), 'forged')
  })

  test('for this purpose is foreign: no state of a request is a session, nor a stream one', () => {
    const kinds = (['session', 'stream', 'state'] as const).map(
      (kind) => new SessionIds(keyring, 'app', kind),
    )
    for (const from of kinds)
      for (const to of kinds) {
        for (const principal of [undefined, ALICE]) {
          const opened = to.open(from.seal('abc', tag, principal)!, principal)
          assert.equal(opened === 'foreign', from !== to)
        }
      }
  })
})

describe("a principal's session", () => {
  const hers = ids.seal('abc', tag, ALICE)!

  test('opens to its principal, and to nobody else', () => {
    assert.equal((ids.open(hers, ALICE) as { idAtReplica: string }).idAtReplica, 'abc')
    for (const other of [BOB, undefined, '', '["opaque"]', `${ALICE} `])
      assert.equal(ids.open(hers, other), 'foreign')
  })

  test('is not what was begun without a principal, which opens to whoever knows its id', () => {
    for (const principal of [ALICE, BOB, undefined]) assert.notEqual(ids.open(sealed, principal), 'foreign')
  })

  test('says nothing of its principal', () => {
    assert.ok(!hers.includes('alice'))
    assert.equal(hers.length, 3 + suffixLength)
  })

  test('is no session of a principal that is called like none', () => {
    assert.equal(ids.open(ids.seal('abc', tag, 'null')!, undefined), 'foreign')
    assert.equal(ids.open(ids.seal('abc', tag, '')!, undefined), 'foreign')
  })
})

describe('with a new key', () => {
  const rotated = new SessionIds(createKeyring([secrets[1]!, secrets[0]!]), 'app', 'session')

  test('sessions of the old one stay who they are and whose they are', () => {
    assert.deepEqual(rotated.open(sealed, undefined), {
      idAtReplica: 'abc',
      carried: { keyId: 1, replicaTag: tag, epoch: 0 },
    })
    const hers = ids.seal('abc', tag, ALICE)!
    assert.notEqual(rotated.open(hers, ALICE), 'foreign')
    assert.equal(rotated.open(hers, BOB), 'foreign')
    assert.equal(rotated.open(hers, undefined), 'foreign')
  })

  test('new sessions are given by it, and nobody without it can read them', () => {
    const fresh = rotated.seal('abc', tag, ALICE)!
    assert.equal((rotated.open(fresh, ALICE) as { carried: { keyId: number } }).carried.keyId, 2)
    assert.equal(rotated.open(fresh, undefined), 'foreign')
    assert.equal(ids.open(fresh, ALICE), 'unknown')
  })

  test('sessions of a key that is taken away are unknown', () => {
    const gone = new SessionIds(createKeyring([secrets[1]!]), 'app', 'session')
    assert.equal(gone.open(sealed, undefined), 'unknown')
  })
})

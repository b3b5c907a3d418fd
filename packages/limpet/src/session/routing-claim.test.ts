import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { parseKeyring } from './keyring.ts'
import {
  type ClaimReader,
  claimLength,
  createClaimReader,
  openClaim,
  replicaTag,
  sealClaim,
} from './routing-claim.ts'

const secret = (fill: string): string => Buffer.from(fill.repeat(32)).toString('base64url')
const keyring = parseKeyring(`4:${secret('a')}`)
const nowMs = 1_800_000_000_000
const claim = {
  sessionId: '00ff10203040a0b0',
  replicaTag: replicaTag(keyring, 4, 'chat', 'replica-2'),
  issuedAtMs: nowMs,
  expiresAtMs: nowMs + 60_000,
  epoch: 513,
}
const sealed = sealClaim(keyring, 'chat', claim)

const readers: Record<string, ClaimReader> = {
  openClaim: (text, atMs) => openClaim(keyring, 'chat', text, atMs),
  'a reader': (text, atMs) => createClaimReader(keyring, 'chat')(text, atMs),
  'a reader that has seen the claim': (text, atMs) => {
    const read = createClaimReader(keyring, 'chat')
    assert.equal(read(sealed, nowMs).status, 'valid')
    return read(text, atMs)
  },
}

for (const [name, open] of Object.entries(readers)) {
  describe(name, () => {
    test('gives back what was sealed', () => {
      assert.deepEqual(open(sealed, nowMs), { status: 'valid', claim, keyId: 4 })
    })

    test('says expired from the expiry on, not before', () => {
      assert.equal(open(sealed, nowMs + 59_999).status, 'valid')
      assert.deepEqual(open(sealed, nowMs + 60_000), { status: 'expired', claim, keyId: 4 })
    })

    test('takes no text with one bit changed', () => {
      const bytes = Buffer.from(sealed, 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const expected = bit < 8 ? 'malformed' : bit < 16 ? 'unknown-key' : 'forged'
        assert.deepEqual(open(changed.toString('base64url'), nowMs), { status: expected }, `bit ${bit}`)
      }
    })

    test('takes no other spelling of the same bytes', () => {
      const last = sealed.slice(0, -1)
      const texts = [
        '',
        last,
        `${sealed}=`,
        `${sealed}A`,
        `${last}\n`,
        `${last}=`,
        ` ${last}`,
        `${last}é`,
        'A'.repeat(100_000),
      ]
      for (const text of texts)
        assert.deepEqual(open(text, nowMs), { status: 'malformed' }, text.slice(0, 60))
      for (const letters of ['+', '/', '.']) {
        assert.deepEqual(open(letters + sealed.slice(1), nowMs), { status: 'malformed' })
      }
    })
  })
}

describe('a routing claim', () => {
  test('is one length of cookie-safe letters', () => {
    assert.equal(sealed.length, claimLength)
    assert.match(sealed, /^[A-Za-z0-9_-]+$/)
  })

  test('has the documented layout', () => {
    const body = Buffer.concat([
      Buffer.from([1, 4]),
      Buffer.from(claim.replicaTag, 'hex'),
      Buffer.from([0x6b, 0x49, 0xd2, 0x00, 0x6b, 0x49, 0xd2, 0x3c, 0x02, 0x01]),
      Buffer.from(claim.sessionId, 'hex'),
    ])
    const mac = createHmac('sha256', keyring.keys[0].claimKey)
      .update('chat')
      .update(body)
      .digest()
      .subarray(0, 16)
    assert.equal(sealed, Buffer.concat([body, mac]).toString('base64url'))
  })

  test('of another service is forged', () => {
    assert.equal(openClaim(keyring, 'chats', sealed, nowMs).status, 'forged')
  })

  test('rounds its times outwards to seconds', () => {
    const text = sealClaim(keyring, 'chat', { ...claim, issuedAtMs: nowMs + 999, expiresAtMs: nowMs + 1001 })
    const opened = openClaim(keyring, 'chat', text, nowMs)
    assert(opened.status === 'valid')
    assert.equal(opened.claim.issuedAtMs, nowMs)
    assert.equal(opened.claim.expiresAtMs, nowMs + 2000)
  })

  test('outlives a change of the signing key until its key leaves the ring', () => {
    const both = parseKeyring(`5:${secret('b')},4:${secret('a')}`)
    assert.deepEqual(openClaim(both, 'chat', sealed, nowMs), { status: 'valid', claim, keyId: 4 })
    const resealed = openClaim(both, 'chat', sealClaim(both, 'chat', claim), nowMs)
    assert.equal(resealed.status === 'valid' && resealed.keyId, 5)
    assert.equal(openClaim(parseKeyring(`5:${secret('b')}`), 'chat', sealed, nowMs).status, 'unknown-key')
    assert.equal(openClaim(parseKeyring(`4:${secret('b')}`), 'chat', sealed, nowMs).status, 'forged')
  })
})

describe('a claim reader', () => {
  test('remembers a verified claim: the same object comes back, through one change of generation', () => {
    const read = createClaimReader(keyring, 'chat', 2)
    const first = read(sealed, nowMs)
    const other = (n: number): string => sealClaim(keyring, 'chat', { ...claim, epoch: n })
    read(other(1), nowMs)
    read(other(2), nowMs)
    assert.equal(read(sealed, nowMs), first)
    for (let n = 3; n < 9; n++) read(other(n), nowMs)
    assert.notEqual(read(sealed, nowMs), first)
    assert.deepEqual(read(sealed, nowMs), first)
  })
})

describe('a replica tag', () => {
  const two = parseKeyring(`4:${secret('a')},5:${secret('b')}`)

  test('is 48 bits that depend on the key, the service and the name', () => {
    const tags = [
      replicaTag(two, 4, 'chat', 'replica-2'),
      replicaTag(two, 5, 'chat', 'replica-2'),
      replicaTag(two, 4, 'chatr', 'eplica-2'),
      replicaTag(two, 4, 'chat', 'replica-3'),
    ]
    assert.equal(new Set(tags).size, 4)
    for (const tag of tags) assert.match(tag, /^[0-9a-f]{12}$/)
    assert.equal(tags[0], claim.replicaTag)
  })

  test('needs a key of the ring', () => {
    assert.throws(() => replicaTag(keyring, 9, 'chat', 'replica-2'), /no key 9/)
  })
})

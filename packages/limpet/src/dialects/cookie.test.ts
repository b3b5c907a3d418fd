import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKeyring } from '../session/keyring.ts'
import { replicaTag } from '../session/routing-claim.ts'
import { createCookieDialect } from './cookie.ts'
import { sampleParts, sampleRequest, sampleService } from './dialect.fixture.ts'

const nowMs = 1_700_000_000_000
const { keyring } = sampleParts
const home = { replicaTag: replicaTag(keyring, 1, 'app', 'a'), epoch: 0 }
const elsewhere = { replicaTag: replicaTag(keyring, 1, 'app', 'b'), epoch: 1 }

function cookieOf(lines: string): string {
  return /^Set-Cookie: ([^;]+)/.exec(lines)![1]!
}

describe("sessions of the router's cookie", () => {
  test('begin with a cookie, and the client that brings it back is told nothing', () => {
    const dialect = createCookieDialect(sampleService({ dialect: 'cookie' }), sampleParts)
    const first = dialect.name(sampleRequest(), nowMs)!
    assert.equal(first.isNew, true)
    assert.equal(first.carried, undefined)
    const cookie = cookieOf(dialect.tell(first, home, nowMs, false))
    const second = dialect.name(sampleRequest({ cookie }), nowMs)!
    assert.equal(dialect.state, 'valid')
    assert.deepEqual([second.isNew, second.key], [false, first.key])
    assert.deepEqual(second.carried, { keyId: 1, ...home })
    assert.equal(dialect.tell(second, home, nowMs, false), '')
    assert.notEqual(dialect.name(sampleRequest(), nowMs)!.key, first.key)
  })

  test('can be left to page loads to begin', () => {
    const service = sampleService({ dialect: 'cookie', cookie: { begins: 'navigation' } })
    const dialect = createCookieDialect(service, sampleParts)
    assert.equal(dialect.name(sampleRequest({ accept: '*/*' }), nowMs), undefined)
    assert.equal(dialect.state, 'none')
    const page = dialect.name(sampleRequest({ 'sec-fetch-mode': 'navigate' }), nowMs)!
    assert.equal(page.isNew, true)
    const cookie = cookieOf(dialect.tell(page, home, nowMs, false))
    assert.equal(dialect.name(sampleRequest({ cookie, accept: '*/*' }), nowMs)!.key, page.key)
  })

  test('are told of a new home, and keep their name there', () => {
    const dialect = createCookieDialect(sampleService({ dialect: 'cookie' }), sampleParts)
    const first = dialect.name(sampleRequest(), nowMs)!
    const before = dialect.name(
      sampleRequest({ cookie: cookieOf(dialect.tell(first, home, nowMs, false)) }),
      nowMs,
    )!
    const moved = dialect.tell(before, elsewhere, nowMs, false)
    const after = dialect.name(sampleRequest({ cookie: cookieOf(moved) }), nowMs)!
    assert.equal(after.key, first.key)
    assert.deepEqual(after.carried, { keyId: 1, ...elsewhere })
  })

  test('of an old key are renewed with the new one, although the home stays', () => {
    const service = sampleService({ dialect: 'cookie' })
    const dialect = createCookieDialect(service, sampleParts)
    const first = dialect.name(sampleRequest(), nowMs)!
    const cookie = cookieOf(dialect.tell(first, home, nowMs, false))
    const both = createKeyring([
      { id: 2, secret: Buffer.alloc(32, 2) },
      { id: 1, secret: Buffer.alloc(32, 1) },
    ])
    const rotated = createCookieDialect(service, { ...sampleParts, keyring: both })
    const held = rotated.name(sampleRequest({ cookie }), nowMs)!
    assert.equal(held.key, first.key)
    const renewed = rotated.tell(
      held,
      { replicaTag: replicaTag(both, 2, 'app', 'a'), epoch: 0 },
      nowMs,
      false,
    )
    assert.equal(rotated.name(sampleRequest({ cookie: cookieOf(renewed) }), nowMs)!.carried!.keyId, 2)
  })

  test('stand behind or before other sources, as the config has them', () => {
    const after = createCookieDialect(sampleService({ session: ['header:x-a', 'cookie'] }), sampleParts)
    const cookie = cookieOf(after.tell(after.name(sampleRequest(), nowMs)!, home, nowMs, false))
    const named = after.name(sampleRequest({ 'x-a': 'mine', cookie }), nowMs)!
    assert.equal(named.key, 'mine')
    assert.equal(after.tell(named, home, nowMs, false), '')
    const before = createCookieDialect(sampleService({ session: ['cookie', 'header:x-a'] }), sampleParts)
    assert.notEqual(before.name(sampleRequest({ 'x-a': 'mine', cookie }), nowMs)!.key, 'mine')
    assert.equal(before.name(sampleRequest({ 'x-a': 'mine' }), nowMs)!.key, 'mine')
  })

  test('can be named by no header', () => {
    const dialect = createCookieDialect(sampleService({ dialect: 'cookie' }), sampleParts)
    assert.ok(dialect.name(sampleRequest(), nowMs)!.key.startsWith('\0'))
  })
})

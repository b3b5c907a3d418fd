import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CookieConfig, cookieSchema } from '../config/cookie-schema.ts'
import { AffinityCookie } from './affinity-cookie.ts'
import { createKeyring } from './keyring.ts'
import { replicaTag } from './routing-claim.ts'

const secretOne = { id: 1, secret: Buffer.alloc(32, 1) }
const secretTwo = { id: 2, secret: Buffer.alloc(32, 2) }
const keyring = createKeyring([secretOne])
const nowMs = 1_700_000_000_000
const MINUTE = 60_000

function configOf(input: Readonly<Record<string, unknown>> = {}): CookieConfig {
  return cookieSchema.parse(input)
}

function sessionOf(cookie: AffinityCookie, issuedAtMs = nowMs) {
  const home = replicaTag(keyring, 1, 'app', 'a')
  return { sessionId: cookie.createSessionId(), replicaTag: home, issuedAtMs, epoch: 0 }
}

/** `name=value` of the first line. */
function pairOf(lines: string): string {
  return /^Set-Cookie: ([^;]+)/.exec(lines)![1]!
}

describe("the router's cookie", () => {
  test('gives back what was put in, and nothing for a field without it', () => {
    const cookie = new AffinityCookie(configOf(), keyring, 'app')
    const session = sessionOf(cookie)
    const pair = pairOf(cookie.lines(session, nowMs, false))
    const read = cookie.read(`a=b; ${pair}`, nowMs)
    assert.deepEqual(read, {
      status: 'valid',
      keyId: 1,
      claim: { ...session, expiresAtMs: nowMs + 20 * MINUTE },
      expired: false,
    })
    assert.equal(cookie.state, 'valid')
    assert.equal(cookie.read('a=b', nowMs), undefined)
    assert.equal(cookie.state, 'none')
    assert.equal(cookie.read(undefined, nowMs), undefined)
  })

  test('is read under both names, with the prefix of TLS and without', () => {
    const cookie = new AffinityCookie(configOf(), keyring, 'app')
    const plain = pairOf(cookie.lines(sessionOf(cookie), nowMs, false))
    const secure = pairOf(cookie.lines(sessionOf(cookie), nowMs, true))
    assert.match(plain, /^limpet=/)
    assert.match(secure, /^__Host-limpet=/)
    assert.ok(cookie.read(plain, nowMs))
    assert.ok(cookie.read(secure, nowMs))
    const own = new AffinityCookie(configOf({ name: 'own' }), keyring, 'app')
    assert.match(own.lines(sessionOf(own), nowMs, true), /^Set-Cookie: own=/)
  })

  test('of another service, another key or with a changed letter is unknown', () => {
    const cookie = new AffinityCookie(configOf(), keyring, 'app')
    const pair = pairOf(cookie.lines(sessionOf(cookie), nowMs, false))
    for (const reader of [
      new AffinityCookie(configOf(), keyring, 'other'),
      new AffinityCookie(configOf(), createKeyring([secretTwo]), 'app'),
    ]) {
      assert.equal(reader.read(pair, nowMs), undefined)
      assert.equal(reader.state, 'unknown')
    }
    assert.equal(cookie.read(`${pair.slice(0, -1)}${pair.endsWith('A') ? 'B' : 'A'}`, nowMs), undefined)
    assert.equal(cookie.state, 'unknown')
  })

  test('expires when idle, and ends at its absolute age though it was renewed', () => {
    const cookie = new AffinityCookie(configOf({ idle: '20m', absolute: '1h' }), keyring, 'app')
    const session = sessionOf(cookie)
    const pair = pairOf(cookie.lines(session, nowMs, false))
    assert.equal(cookie.read(pair, nowMs + 20 * MINUTE - 1)!.expired, false)
    assert.equal(cookie.read(pair, nowMs + 20 * MINUTE)!.expired, true)
    assert.equal(cookie.state, 'expired')
    assert.equal(cookie.read(pair, nowMs + 60 * MINUTE), undefined)
    assert.equal(cookie.state, 'expired')
    const late = pairOf(cookie.lines(session, nowMs + 50 * MINUTE, false))
    assert.ok(cookie.read(late, nowMs + 60 * MINUTE - 1))
    assert.equal(cookie.read(late, nowMs + 60 * MINUTE), undefined)
  })

  test('is renewed after a tenth of its idle life, not near its absolute end, and always for an old key', () => {
    const cookie = new AffinityCookie(configOf({ idle: '20m', absolute: '1h' }), keyring, 'app')
    const session = sessionOf(cookie)
    const at = (ms: number) => cookie.read(pairOf(cookie.lines(session, ms, false)), ms)!
    assert.equal(cookie.needsRenewal(at(nowMs), nowMs + 2 * MINUTE), false)
    assert.equal(cookie.needsRenewal(at(nowMs), nowMs + 2 * MINUTE + 1), true)
    assert.equal(cookie.needsRenewal(at(nowMs + 45 * MINUTE), nowMs + 55 * MINUTE), false)
    const rotated = new AffinityCookie(configOf(), createKeyring([secretTwo, secretOne]), 'app')
    const held = rotated.read(pairOf(cookie.lines(session, nowMs, false)), nowMs)!
    assert.equal(rotated.needsRenewal(held, nowMs), true)
  })

  test('tells a lasting one how long, to the second', () => {
    const cookie = new AffinityCookie(
      configOf({ persist: true, idle: '20m', absolute: '1h' }),
      keyring,
      'app',
    )
    const session = sessionOf(cookie)
    assert.match(cookie.lines(session, nowMs, false), /; Max-Age=1200; HttpOnly/)
    assert.match(cookie.lines(session, nowMs + 50 * MINUTE, false), /; Max-Age=600; HttpOnly/)
  })

  test('gives session ids that do not repeat', () => {
    const cookie = new AffinityCookie(configOf(), keyring, 'app')
    const ids = Array.from({ length: 2000 }, () => cookie.createSessionId())
    assert.equal(new Set(ids).size, 2000)
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/)
  })

  test('looks at a few of one name and no more', () => {
    const cookie = new AffinityCookie(configOf(), keyring, 'app')
    const pair = pairOf(cookie.lines(sessionOf(cookie), nowMs, false))
    assert.ok(cookie.read(`${'limpet=x; '.repeat(3)}${pair}`, nowMs))
    assert.equal(cookie.read(`${'limpet=x; '.repeat(4)}${pair}`, nowMs), undefined)
  })
})

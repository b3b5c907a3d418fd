import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bearer, requestOf } from './mcp.fixture.ts'
import { principalOf } from './principal.ts'

type Bind = Parameters<typeof principalOf>[1]

const of = (authorization: string | undefined, bind: Bind = 'bearer-subject') =>
  principalOf(requestOf('POST', authorization === undefined ? {} : { authorization }), bind)

const opaque = of('Bearer opaque')

describe('whom a session belongs to', () => {
  test('is the issuer and the subject of a token, whatever else of it is new', () => {
    const first = of(bearer({ iss: 'https://a', sub: 'alice', exp: 1 }))
    assert.equal(of(bearer({ exp: 2, jti: 'x', sub: 'alice', iss: 'https://a' })), first)
    assert.equal(of(bearer({ iss: 'https://a', sub: 'alice' }).replace('Bearer', 'DPoP')), first)
    assert.equal(of(bearer({ iss: 'https://a', sub: 'alice' }).replace('Bearer ', 'bearer  ')), first)
    assert.equal(of(bearer({ iss: 'https://a', sub: 'alice', client_id: 'c' })), first)
    assert.notEqual(first, opaque)
  })

  test('is none of those who differ in one of the two, or seem to be alike', () => {
    const claims = [
      { iss: 'https://a', sub: 'alice' },
      { iss: 'https://a', sub: 'bob' },
      { iss: 'https://b', sub: 'alice' },
      { sub: 'alice' },
      { iss: 'https://a', sub: 'alice","x' },
      { iss: 'https://a","alice', sub: 'x' },
      { iss: ['https://a'], sub: 'alice' },
      { iss: 'https://a', sub: 7 },
      { iss: 'https://a', sub: '7' },
      { iss: 'https://a', client_id: 'alice' },
      { iss: 'https://a', client_id: 'tool' },
    ]
    const principals = claims.map((claim) => of(bearer(claim)))
    assert.equal(new Set([...principals, opaque, undefined]).size, claims.length + 2)
  })

  test('is the client of a token that has no subject', () => {
    assert.equal(
      of(bearer({ iss: 'a', client_id: 'tool' })),
      of(bearer({ iss: 'a', client_id: 'tool', exp: 5 })),
    )
    assert.notEqual(of(bearer({ iss: 'a', client_id: 'tool' })), of(bearer({ iss: 'a', client_id: 'other' })))
  })

  for (const [what, credential] of [
    ['that is refreshed and says nothing', 'Bearer another'],
    ['of another scheme', 'Basic dXNlcjpwYXNz'],
    ['that is no JSON', 'Bearer YQ.YQ.YQ'],
    ['that is JSON of nothing', `Bearer YQ.${Buffer.from('null').toString('base64url')}.YQ`],
    ['without claims of use', bearer({ iss: 'a' })],
    ['whose subject is no name', bearer({ sub: { a: 1 } })],
    ['that is encrypted', 'Bearer YQ.YQ.YQ.YQ.YQ'],
    ['that is too long', bearer({ sub: 'a', more: 'x'.repeat(16_384) })],
    ['with something behind it', `${bearer({ sub: 'a' })} x`],
  ] as const) {
    test(`is whoever brings a token, where it is one ${what}`, () => {
      assert.equal(of(credential), opaque)
      assert.notEqual(of(credential), undefined)
    })
  }

  test('is anyone where no token is brought, or nobody is to be bound', () => {
    for (const bind of ['bearer-subject', 'credential', 'off'] as const)
      for (const credential of [undefined, '']) assert.equal(of(credential, bind), undefined)
    assert.equal(of(bearer({ sub: 'alice' }), 'off'), undefined)
  })

  test('is the holder of the very same credential, where that is asked for', () => {
    const token = bearer({ sub: 'alice', exp: 1 })
    assert.equal(of(token, 'credential'), of(token, 'credential'))
    assert.notEqual(of(token, 'credential'), of(bearer({ sub: 'alice', exp: 2 }), 'credential'))
    assert.notEqual(of('Basic a', 'credential'), of('Basic b', 'credential'))
    assert.notEqual(of('Bearer opaque', 'credential'), opaque)
  })

  test('is found in a time that grows with the token', () => {
    const startedMs = performance.now()
    for (const token of [
      `Bearer ${'a'.repeat(16_000)}`,
      `Bearer ${'a.'.repeat(8000)}`,
      `Bearer${' '.repeat(16_000)}`,
    ])
      assert.equal(of(token), opaque)
    assert.ok(performance.now() - startedMs < 500)
  })
})

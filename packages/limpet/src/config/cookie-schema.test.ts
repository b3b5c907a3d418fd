import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from './load.ts'

const faults: [description: string, cookie: string, message: string][] = [
  [
    'a name with a space',
    "{ name: 'a b' }",
    '5:21: services[0].cookie.name must be a cookie name: letters, digits and - _ . and the like',
  ],
  [
    'an idle life above the absolute one',
    '{ idle: 2d }',
    '5:21: services[0].cookie.idle must not be longer than absolute',
  ],
  [
    'SameSite=None without Secure',
    '{ sameSite: none }',
    '5:25: services[0].cookie.sameSite is none, which browsers accept only with secure: always',
  ],
  [
    'a pair without Secure',
    '{ pair: true, secure: never }',
    '5:21: services[0].cookie.pair sends a cookie that browsers accept only as Secure: remove secure: never',
  ],
  [
    '__Secure- without Secure',
    '{ name: __Secure-a }',
    '5:21: services[0].cookie.name begins with __Secure-, which needs secure: always',
  ],
  [
    '__Host- without Secure',
    '{ name: __Host-a }',
    '5:21: services[0].cookie.name begins with __Host-, which needs secure: always',
  ],
  [
    '__Host- with a domain',
    '{ name: __Host-a, secure: always, domain: example.com }',
    '5:55: services[0].cookie.domain must be absent when the name begins with __Host-',
  ],
  [
    '__Host- with a path',
    '{ name: __Host-a, secure: always, path: /v1 }',
    '5:53: services[0].cookie.path must be / when the name begins with __Host-',
  ],
  [
    'a domain with a dot first',
    '{ domain: .example.com }',
    '5:23: services[0].cookie.domain must be a domain such as example.com',
  ],
  [
    'a path with a semicolon',
    "{ path: '/;a' }",
    '5:21: services[0].cookie.path must start with / and hold no ; or space',
  ],
]

describe('a cookie', () => {
  for (const [description, cookie, message] of faults) {
    it(`can't be set with ${description}`, () => {
      const text = `services:\n  - name: chat\n    replicas: []\n    dialect: cookie\n    cookie: ${cookie}\n`
      assert.throws(() => parseConfig(text, 'f'), { message: `f:${message}` })
    })
  }

  it('can have every attribute', () => {
    const cookie = 'name: __Secure-id, pair: true, idle: 1h, absolute: 7d, sameSite: none, secure: always'
    const text = `services: [{ name: a, replicas: [], dialect: cookie, cookie: { ${cookie}, domain: example.com, path: /v1, begins: navigation, persist: true } }]`
    assert.deepEqual(parseConfig(text, 'f').services[0]?.cookie, {
      name: '__Secure-id',
      begins: 'navigation',
      pair: true,
      idleMs: 3_600_000,
      absoluteMs: 604_800_000,
      sameSite: 'none',
      secure: 'always',
      domain: 'example.com',
      path: '/v1',
      persist: true,
    })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configFromInput, parseConfig } from './load.ts'

const one = 'services: [{ name: a, replicas: [] }]'

/** A file with one service a line, from line 2 on. */
function servicesFile(...services: string[]): string {
  return ['services:', ...services.map((service) => `  - { replicas: [], ${service} }`)].join('\n')
}

const faults: [description: string, text: string, message: string][] = [
  ['no service', 'services: []', '1:11: services must hold a service'],
  ['no services at all', 'via: edge', '1:1: services is missing'],
  [
    'an address without a port',
    `listen: localhost\n${one}`,
    '1:9: listen must be HOST:PORT, :PORT or [IPV6]:PORT, not "localhost"',
  ],
  [
    'a bare port',
    `listen: 8080\n${one}`,
    '1:9: listen must be HOST:PORT, :PORT or [IPV6]:PORT, not 8080; did you mean ":8080"?',
  ],
  [
    'an IPv6 address without brackets',
    `listen: ::1:80\n${one}`,
    '1:9: listen must be HOST:PORT, :PORT or [IPV6]:PORT, not "::1:80"',
  ],
  [
    'an address with too few parts',
    `listen: 10.0.0:80\n${one}`,
    '1:9: listen must be HOST:PORT, :PORT or [IPV6]:PORT, not "10.0.0:80"',
  ],
  ['a port too far', `listen: :65536\n${one}`, '1:9: listen has port 65536, but ports end at 65535'],
  [
    'an admin address that is none',
    `admin: on\n${one}`,
    '1:8: admin must be HOST:PORT, :PORT, [IPV6]:PORT or off, not "on"',
  ],
  [
    'one address for both listeners',
    `listen: :80\nadmin: :80\n${one}`,
    '2:8: admin must not be the same as listen',
  ],
  [
    'no workers',
    `workers: 0\n${one}`,
    '1:10: workers must be at least 1: only the library can serve without worker threads',
  ],
  ['workers as text', `workers: all\n${one}`, '1:10: workers must be a number, not "all"'],
  ['too few pins', `pins: { capacity: 10 }\n${one}`, '1:19: pins.capacity must be at least 1024, not 10'],
  ['an empty path', `keys: { file: '' }\n${one}`, '1:15: keys.file must not be empty'],
  [
    'a CIDR that is none',
    `trustedProxies: [::1, 10/8]\n${one}`,
    '1:23: trustedProxies[1] must be an address or a CIDR such as 10.0.0.0/8, not "10/8"',
  ],
  [
    'a prefix too long',
    `trustedProxies: [10.0.0.0/33]\n${one}`,
    '1:18: trustedProxies[0] has a prefix that is not between 0 and 32: "10.0.0.0/33"',
  ],
  [
    'a name of a proxy',
    `trustedProxies: [edge]\n${one}`,
    '1:18: trustedProxies[0] must be an address or a CIDR such as 10.0.0.0/8, not "edge"',
  ],
  [
    'a name for Via that is no token',
    `via: 'a b'\n${one}`,
    '1:6: via must be a token: letters, digits and - _ . and the like',
  ],
  [
    'a target longer than its head',
    `limits: { headBytes: 4096 }\n${one}`,
    '1:9: limits.targetBytes must be at most headBytes (4096), since the target is part of the head',
  ],
  [
    'a negative limit',
    `limits: { bodyBytes: -1 }\n${one}`,
    '1:22: limits.bodyBytes must be at least 0, not -1',
  ],
  [
    'an endless head',
    `timeouts: { head: off }\n${one}`,
    '1:19: timeouts.head must be a duration such as 20m or 500ms, not "off"',
  ],
  [
    'an unknown log level',
    `log: { level: loud }\n${one}`,
    '1:15: log.level must be trace, debug, info, warn, error, fatal or silent, not "loud"',
  ],
  [
    'a misspelt section',
    `timeout: { head: 5s }\n${one}`,
    '1:1: timeout is not known; did you mean timeouts?',
  ],
  ['a service without a name', servicesFile('ttl: 5m'), '2:5: services[0].name is missing'],
  ['a service without replicas', 'services:\n  - name: a\n', '2:5: services[0].replicas is missing'],
  [
    'a name in capitals',
    servicesFile('name: Chat'),
    '2:27: services[0].name must be 1 to 63 lower-case letters, digits and dashes',
  ],
  [
    'one name twice',
    servicesFile('name: a', 'name: a, match: { path: /b }'),
    '3:27: services[1].name is taken: services[0] is a too',
  ],
  [
    'two services for everything',
    servicesFile('name: a', 'name: b'),
    '3:5: services[1].match takes all paths of any host, which service a already takes',
  ],
  [
    'two services for one path',
    servicesFile(
      'name: a, match: { host: x.example, path: /v1/ }',
      'name: b, match: [{ path: / }, { host: X.example, path: /v1 }]',
    ),
    '3:37: services[1].match takes the path /v1 of x.example, which service a already takes',
  ],
  [
    'two services that share a cookie',
    servicesFile(
      'name: a, session: cookie, match: { path: /a }',
      'name: b, session: cookie, match: { path: /b }',
    ),
    '3:5: services[1].cookie is named limpet like the cookie of service a, and browsers would send either to both: give it another name or path',
  ],
  [
    "a cookie named like another's pair",
    servicesFile(
      'name: a, dialect: cookie, match: { host: x.example }, cookie: { name: id, pair: true, domain: x.example }',
      'name: b, dialect: cookie, match: { host: y.x.example }, cookie: { name: idSameSite }',
    ),
    '3:85: services[1].cookie is named idSameSite like the cookie of service a, and browsers would send either to both: give it another name or path',
  ],
]

describe('a config', () => {
  for (const [description, text, message] of faults) {
    it(`can't have ${description}`, () => {
      assert.throws(() => parseConfig(text, 'f'), { message: `f:${message}` })
    })
  }

  it("can't hold more replicas than the process has slots for", () => {
    const replicas = Array.from({ length: 16_385 }, (_, i) => `http://10.0.${i >> 8}.${i & 255}`)
    assert.throws(() => configFromInput({ services: [{ name: 'a', replicas }] }), {
      message: 'services hold 16385 replicas; the most is 16384',
    })
  })

  const allowed: [description: string, services: string[]][] = [
    ['one path of two hosts', ['name: a, match: { host: a.example }', 'name: b, match: { host: b.example }']],
    [
      'cookies of one name for different paths',
      [
        'name: a, session: cookie, match: { path: /a }, cookie: { path: /a }',
        'name: b, session: cookie, match: { path: /b }, cookie: { path: /b }',
      ],
    ],
    [
      'cookies of one name for different hosts',
      [
        'name: a, session: cookie, match: { host: a.example }',
        'name: b, session: cookie, match: { host: b.example }',
      ],
    ],
    [
      'cookies of different names',
      [
        'name: a, session: cookie, match: { path: /a }',
        'name: b, session: cookie, match: { path: /b }, cookie: { name: b }',
      ],
    ],
  ]
  for (const [description, services] of allowed) {
    it(`may have ${description}`, () => {
      assert.equal(parseConfig(servicesFile(...services), 'f').services.length, 2)
    })
  }

  it('reads addresses', () => {
    const text = `listen: '[::1]:0'\nadmin: localhost:81\ntrustedProxies: [10.0.0.0/8, ::1, fd00::/8]\n${one}`
    const { listen, admin, trustedProxies } = parseConfig(text, 'f')
    assert.deepEqual(listen, { host: '::1', port: 0 })
    assert.deepEqual(admin, { host: 'localhost', port: 81 })
    assert.deepEqual(trustedProxies, [
      { address: '10.0.0.0', prefixBits: 8, family: 'ipv4' },
      { address: '::1', prefixBits: 128, family: 'ipv6' },
      { address: 'fd00::', prefixBits: 8, family: 'ipv6' },
    ])
  })

  it('reads durations', () => {
    const text = `timeouts: { idle: 1h30m, connect: 500ms, response: off, stream: off, tunnelIdle: off, requestBody: off, writeStall: off }\n${one}`
    const { timeouts } = parseConfig(text, 'f')
    assert.deepEqual([timeouts.idleMs, timeouts.connectMs], [5_400_000, 500])
    const { responseMs, streamMs, tunnelIdleMs, requestBodyMs, writeStallMs } = timeouts
    assert.deepEqual([responseMs, streamMs, tunnelIdleMs, requestBodyMs, writeStallMs], [0, 0, 0, 0, 0])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from './load.ts'

/** A file whose one service has `lines` from line 4 on, each indented by four spaces. */
function serviceFile(...lines: string[]): string {
  return ['services:', '  - name: chat', '    replicas: []', ...lines.map((line) => `    ${line}`)].join('\n')
}

const faults: [description: string, lines: string[], message: string][] = [
  ['a misspelt key', ['onlost: reject'], '4:5: services[0].onlost is not known; did you mean onLost?'],
  ['a key in kebab case', ['max-age: 1h'], '4:5: services[0].max-age is not known; did you mean maxAge?'],
  [
    'a misspelt key further in',
    ['health: { pth: /up }'],
    '4:15: services[0].health.pth is not known; did you mean path?',
  ],
  [
    'a key that would break the line of the message',
    ['"a\\nb": 1'],
    '4:5: services[0]["a\\nb"] is not known here; the keys are name, match, replicas, dialect, session, sagemaker, mcp, cookie, ttl, maxAge, balance, bound, maxSessions, serialize, onLost, drainTimeout, health, ejection, host, decisionHeader',
  ],
  [
    'a key like no other',
    ['ejection: { colour: red }'],
    '4:17: services[0].ejection.colour is not known here; the keys are failures, backoff, maxBackoff',
  ],
  [
    'a key without a value',
    ['ttl:'],
    '4:5: services[0].ttl must be a duration such as 20m or 500ms, not nothing',
  ],
  [
    'a duration without a unit',
    ['ttl: 20'],
    '4:10: services[0].ttl must be a duration such as 20m or 500ms, not 20',
  ],
  ['a duration of nothing', ['ttl: 0s'], '4:10: services[0].ttl must be longer than nothing'],
  [
    'off where there is no off',
    ['ttl: off'],
    '4:10: services[0].ttl must be a duration such as 20m or 500ms, not "off"',
  ],
  ['0 for off', ['maxAge: 0s'], '4:13: services[0].maxAge must be longer than nothing; write off'],
  [
    'no duration where off is allowed',
    ['maxAge: never'],
    '4:13: services[0].maxAge must be a duration such as 20m or 500ms, or off, not "never"',
  ],
  ['a life beyond measure', ['ttl: 401d'], '4:10: services[0].ttl must be at most 400d, not "401d"'],
  [
    'a dialect of the future',
    ['dialect: openai'],
    '4:14: services[0].dialect is openai, which this version does not have yet; it has header, cookie, sagemaker, mcp',
  ],
  [
    'an unknown dialect',
    ['dialect: smtp'],
    '4:14: services[0].dialect must be header, cookie, sagemaker or mcp, not "smtp"',
  ],
  [
    'an unknown session source',
    ['session: [ip, heeder:x]'],
    '4:19: services[0].session[1] must be header:NAME, cookie:NAME, query:NAME, bearer, ip, cookie or module:PATH, not "heeder:x"',
  ],
  [
    'a header name with a space',
    ["session: 'header:x session'"],
    '4:14: services[0].session must be header:NAME, cookie:NAME, query:NAME, bearer, ip, cookie or module:PATH, not "header:x session"',
  ],
  [
    'a session source twice',
    ['session: [header:X-Id, header:x-id]'],
    '4:28: services[0].session[1] repeats an earlier source',
  ],
  [
    'an unknown policy',
    ['balance: fair'],
    '4:14: services[0].balance must be round-robin, random or least-load, not "fair"',
  ],
  [
    'an unknown answer to loss',
    ['onLost: cry'],
    '4:13: services[0].onLost must be rehome or reject, not "cry"',
  ],
  [
    'an unknown host rule',
    ['host: rewrite'],
    '4:11: services[0].host must be preserve or replica, not "rewrite"',
  ],
  [
    'yes for true',
    ['decisionHeader: yes'],
    '4:21: services[0].decisionHeader must be true or false, not "yes"',
  ],
  ['a section that is a number', ['health: 5'], '4:13: services[0].health must be off or a mapping, not 5'],
  [
    'a health path without a slash',
    ['health: { path: up }'],
    '4:21: services[0].health.path must start with / and hold no space or #',
  ],
  [
    'a count of nothing',
    ['health: { unhealthy: 0 }'],
    '4:26: services[0].health.unhealthy must be at least 1, not 0',
  ],
  [
    'a timer that Node can not wait for',
    ['health: { interval: 25d }'],
    '4:25: services[0].health.interval must be at most 24d, not "25d"',
  ],
  [
    'a bound below the fair share',
    ['bound: { factor: 0.9 }'],
    '4:22: services[0].bound.factor must be at least 1, not 0.9',
  ],
  ['half a request', ['bound: { gap: 1.5 }'], '4:19: services[0].bound.gap must be a whole number, not 1.5'],
  [
    'a backoff above its maximum',
    ['ejection: { backoff: 2m }'],
    '4:26: services[0].ejection.backoff must not be longer than maxBackoff',
  ],
  [
    'a pin that outlives its maximum',
    ['ttl: 2h', 'maxAge: 1h'],
    '4:10: services[0].ttl must not be longer than maxAge',
  ],
  [
    'a match of another type',
    ['match: chat.example.com'],
    '4:12: services[0].match must be a mapping or a list, not "chat.example.com"',
  ],
  [
    'no match at all',
    ['match: []'],
    '4:12: services[0].match must hold a match: an empty list matches nothing',
  ],
  [
    'a host with a port',
    ['match: { host: a.example:80 }'],
    '4:20: services[0].match.host must be without a port: requests for any port match',
  ],
  [
    'a star in the middle',
    ['match: { host: a.*.example }'],
    '4:20: services[0].match.host must be a host such as chat.example.com or *.example.com, not "a.*.example"',
  ],
  [
    'an address that is none',
    ['match: { host: 10.0.0 }'],
    '4:20: services[0].match.host must be a host such as chat.example.com or *.example.com, not "10.0.0"',
  ],
  [
    'a relative path',
    ['match: [{ path: v1 }]'],
    '4:21: services[0].match[0].path must be a path that starts with /, without a query, not "v1"',
  ],
  [
    'a path with a query',
    ['match: { path: /v1?a }'],
    '4:20: services[0].match.path must be a path that starts with /, without a query, not "/v1?a"',
  ],
  [
    'a cookie that nothing reads',
    ['cookie: { name: sid }'],
    '4:13: services[0].cookie has no effect: add cookie to session, or set dialect: cookie',
  ],
  [
    'sources of sessions that the replicas name',
    ['dialect: sagemaker', 'session: bearer'],
    '5:14: services[0].session has no effect: with dialect: sagemaker the replicas name the sessions',
  ],
  [
    'the name of an endpoint that nobody can call',
    ['dialect: sagemaker', 'sagemaker: { endpoint: my_model }'],
    '5:28: services[0].sagemaker.endpoint must be 1 to 63 letters, digits and hyphens, with none of those at either end',
  ],
  [
    'an endpoint without the dialect',
    ['sagemaker: { endpoint: m }'],
    '4:16: services[0].sagemaker has no effect without dialect: sagemaker',
  ],
  [
    'settings of a protocol that it does not speak',
    ['mcp: { bind: off }'],
    '4:10: services[0].mcp has no effect without dialect: mcp',
  ],
  [
    'a way of recovery that there is not',
    ['dialect: mcp', 'mcp: { recover: pray }'],
    '5:21: services[0].mcp.recover must be reinitialize or reject, not "pray"',
  ],
  [
    'sessions of whoever',
    ['dialect: mcp', 'mcp: { bind: user }'],
    '5:18: services[0].mcp.bind must be bearer-subject, credential or off, not "user"',
  ],
  [
    'a comment with every breath',
    ['dialect: mcp', 'mcp: { keepAlive: 0s }'],
    '5:23: services[0].mcp.keepAlive must be longer than nothing; write off',
  ],
  [
    'requests that are not looked into at all',
    ['dialect: mcp', 'mcp: { contentBytes: 1023 }'],
    '5:26: services[0].mcp.contentBytes must be at least 1024, not 1023',
  ],
  [
    'requests that are kept at any length',
    ['dialect: mcp', 'mcp: { contentBytes: 16777217 }'],
    '5:26: services[0].mcp.contentBytes must be at most 16777216, not 16777217',
  ],
  [
    'a misspelt key of a protocol',
    ['dialect: mcp', 'mcp: { keepalive: 5s }'],
    '5:12: services[0].mcp.keepalive is not known; did you mean keepAlive?',
  ],
  [
    'a drain without end that is no word for it',
    ['drainTimeout: never'],
    '4:19: services[0].drainTimeout must be a duration such as 20m or 500ms, or off, not "never"',
  ],
  [
    'a drain that no timer can wait for',
    ['drainTimeout: 25d'],
    '4:19: services[0].drainTimeout must be at most 24d, not "25d"',
  ],
  [
    "the router's own cookie as another's",
    ['session: [cookie:limpet, cookie]'],
    "4:15: services[0].session[0] is the router's own cookie; write cookie, or name another",
  ],
]

describe('a service', () => {
  for (const [description, lines, message] of faults) {
    it(`can't have ${description}`, () => {
      assert.throws(() => parseConfig(serviceFile(...lines), 'f'), { message: `f:${message}` })
    })
  }
})

describe('a service as written', () => {
  const parsed = (...lines: string[]) => parseConfig(serviceFile(...lines), 'f').services[0]!

  it('may switch bound, health, ejection and maxAge off', () => {
    const service = parsed('bound: off', 'health: off', 'ejection: off', 'maxAge: off')
    assert.deepEqual(
      [service.bound, service.health, service.ejection, service.maxAgeMs],
      [undefined, undefined, undefined, 0],
    )
  })

  it('has its sessions named in the order given, header names in lower case', () => {
    const { session } = parsed('session: [header:X-Id, cookie:Sid, query:S, bearer, ip, cookie]')
    assert.deepEqual(session, [
      { kind: 'header', name: 'x-id' },
      { kind: 'cookie', name: 'Sid' },
      { kind: 'query', name: 'S' },
      { kind: 'bearer' },
      { kind: 'ip' },
      { kind: 'own-cookie' },
    ])
  })

  it('balances every request when it names no source', () => {
    assert.deepEqual(parsed('session: []').session, [])
  })

  it("names sessions by the router's cookie in the cookie dialect, after other sources", () => {
    const kinds = (...lines: string[]) => parsed('dialect: cookie', ...lines).session.map(({ kind }) => kind)
    assert.deepEqual(kinds(), ['own-cookie'])
    assert.deepEqual(kinds('session: bearer'), ['bearer', 'own-cookie'])
    assert.deepEqual(kinds('session: [cookie, bearer]'), ['own-cookie', 'bearer'])
  })

  it('is an endpoint of its own name in the sagemaker dialect, with the checks of that API', () => {
    const plain = parsed('dialect: sagemaker')
    assert.deepEqual(plain.sagemaker, { endpoint: 'chat', variant: 'AllTraffic', signature: undefined })
    assert.deepEqual(plain.match, [{ host: undefined, path: '/endpoints/chat' }])
    assert.deepEqual([plain.onLost, plain.health?.path, plain.health?.timeoutMs], ['reject', '/ping', 2000])
    const other = parsed(
      'dialect: sagemaker',
      'sagemaker: { endpoint: Big-1 }',
      'onLost: rehome',
      'health: { interval: 1s }',
    )
    assert.deepEqual(other.match, [{ host: undefined, path: '/endpoints/Big-1' }])
    assert.deepEqual([other.onLost, other.health?.path], ['rehome', '/ping'])
    const any = parsed('dialect: sagemaker', "sagemaker: { endpoint: '*' }", 'health: off')
    assert.deepEqual(any.match, [{ host: undefined, path: '/endpoints' }])
    assert.equal(any.health, undefined)
  })

  it('keeps sessions of the Model Context Protocol for long, and moves them when their replica has drained', () => {
    const plain = parsed('dialect: mcp')
    assert.deepEqual(plain.mcp, {
      recover: 'reinitialize',
      bind: 'bearer-subject',
      keepAliveMs: 30_000,
      contentBytes: 262_144,
    })
    assert.deepEqual(
      [plain.ttlMs, plain.drainTimeoutMs, plain.onLost, plain.session],
      [43_200_000, 300_000, 'rehome', []],
    )
    const other = parsed(
      'dialect: mcp',
      "mcp: { recover: reject, bind: 'off', keepAlive: 'off', contentBytes: 1024 }",
      'ttl: 1h',
      'drainTimeout: off',
      'session: cookie',
    )
    assert.deepEqual(other.mcp, { recover: 'reject', bind: 'off', keepAliveMs: 0, contentBytes: 1024 })
    assert.deepEqual(
      [other.ttlMs, other.drainTimeoutMs, other.session],
      [3_600_000, 0, [{ kind: 'own-cookie' }]],
    )
  })

  it('has no end to its drains, and no settings of protocols, where it speaks none', () => {
    const { drainTimeoutMs, mcp, sagemaker, ttlMs } = parsed()
    assert.deepEqual([drainTimeoutMs, mcp, sagemaker, ttlMs], [0, undefined, undefined, 1_200_000])
    assert.equal(parsed('drainTimeout: 90s').drainTimeoutMs, 90_000)
  })

  it('matches hosts in lower case and paths without a slash at the end', () => {
    const { match } = parsed(
      'match: [{ host: "*.Example.COM", path: /v1/ }, { host: "[::1]" }, { path: // }]',
    )
    assert.deepEqual(match, [
      { host: '*.example.com', path: '/v1' },
      { host: '[::1]', path: '/' },
      { host: undefined, path: '/' },
    ])
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Answer, Browser, Client, forEach, tally } from '../kit/client.ts'
import { until } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter } from '../kit/router.ts'

/** The value of the first cookie in an answer. */
function cookieValue(answer: Answer): string {
  return /^[^=]+=([^;]*)/.exec(answer.cookies[0] ?? '')?.[1] ?? ''
}

/** What of a cookie stays for the life of its session. */
function sessionIdOf(value: string): string {
  return Buffer.from(value, 'base64url').toString('hex', 18, 26)
}

describe("the router's cookie", () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(3)
  })
  after(() => replicas[Symbol.asyncDispose]())

  const configOf = (cookie: string, top = 'log: { access: stdout }') =>
    `${top}\nservices:\n  - name: app\n    session: cookie\n    cookie: ${cookie}\n    replicas:\n${replicaLines(replicas)}`

  test('is given to page loads alone, where the config says so, and others are balanced', async () => {
    await using router = await startRouter({
      config: `${configOf('{ begins: navigation }')}\n    balance: round-robin`,
      workers: 1,
    })
    using client = new Client(router.port)
    const plain = await forEach(Array.from({ length: 9 }), 1, () => client.ask('/'))
    assert.deepEqual(Object.values(tally(plain.map(({ replica }) => replica))), [3, 3, 3])
    for (const { decision, cookies } of plain) assert.deepEqual([decision, cookies], ['none', []])
    const browser = new Browser(client)
    const page = await browser.ask('/', { headers: { accept: 'text/html' } })
    assert.equal(page.decision, 'new')
    for (let i = 0; i < 9; i++) {
      const { decision, replica } = await browser.ask('/submit', { method: 'POST' })
      assert.deepEqual([decision, replica], ['hit', page.replica])
    }
  })

  test('has the attributes of the config, and no more', async () => {
    const cases = [
      ['{}', /^limpet=[\w-]{56}; Path=\/; HttpOnly; SameSite=Lax$/],
      [
        '{ name: sid, path: /app, domain: example.com, sameSite: strict, persist: true }',
        /^sid=[\w-]{56}; Path=\/app; Domain=example\.com; Max-Age=1200; HttpOnly; SameSite=Strict$/,
      ],
      [
        '{ secure: always, sameSite: none }',
        /^__Host-limpet=[\w-]{56}; Path=\/; HttpOnly; Secure; SameSite=None$/,
      ],
      ['{ secure: always, path: /a }', /^limpet=[\w-]{56}; Path=\/a; HttpOnly; Secure; SameSite=Lax$/],
    ] as const
    await using router = await startRouter({ config: configOf('{}') })
    using client = new Client(router.port)
    for (const [cookie, expected] of cases) {
      if (cookie !== '{}') await router.reload(configOf(cookie))
      const answer = await client.ask('/')
      assert.equal(answer.cookies.length, 1)
      assert.match(answer.cookies[0]!, expected)
    }
  })

  test('comes as a pair for frames in other sites, of which either is enough', async () => {
    await using router = await startRouter({ config: configOf('{ name: ARRAffinity, pair: true }') })
    using client = new Client(router.port)
    const first = await client.ask('/')
    assert.equal(first.cookies.length, 2)
    const value = cookieValue(first)
    assert.equal(first.cookies[0], `ARRAffinity=${value}; Path=/; HttpOnly; SameSite=Lax`)
    assert.equal(first.cookies[1], `ARRAffinitySameSite=${value}; Path=/; HttpOnly; Secure; SameSite=None`)
    for (const name of ['ARRAffinity', 'ARRAffinitySameSite']) {
      const answer = await client.ask('/', { headers: { cookie: `${name}=${value}` } })
      assert.deepEqual([answer.replica, answer.decision, answer.cookies], [first.replica, 'hit', []])
    }
  })

  test('is __Host- and Secure when a trusted proxy says https, and not when anyone else does', async () => {
    const headers = { 'x-forwarded-proto': 'https' }
    await using router = await startRouter({ config: configOf('{}') })
    using client = new Client(router.port)
    assert.match(
      (await client.ask('/', { headers })).cookies[0]!,
      /^limpet=[\w-]{56}; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    await router.reload(configOf('{}', 'trustedProxies: [127.0.0.0/8]'))
    const secure = await client.ask('/', { headers })
    assert.match(secure.cookies[0]!, /^__Host-limpet=[\w-]{56}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    const back = await client.ask('/', {
      headers: { ...headers, cookie: `__Host-limpet=${cookieValue(secure)}` },
    })
    assert.deepEqual([back.replica, back.decision, back.cookies], [secure.replica, 'hit', []])
  })

  test('makes the one answer that sets it uncacheable', async () => {
    await using router = await startRouter({ config: configOf('{}') })
    using client = new Client(router.port)
    const browser = new Browser(client)
    assert.equal((await browser.ask('/cacheable')).headers['cache-control'], 'no-store')
    assert.equal((await browser.ask('/cacheable')).headers['cache-control'], 'max-age=60')
  })

  test('is set again when it ages, names the same session, and ends when idle', async () => {
    await using router = await startRouter({ config: configOf('{ idle: 2s, absolute: 1h }') })
    using client = new Client(router.port)
    const browser = new Browser(client)
    const first = await browser.ask('/')
    const firstAtMs = Date.now()
    const renewed = await until('a renewal', async () => {
      const answer = await browser.ask('/')
      assert.deepEqual([answer.replica, answer.decision], [first.replica, 'hit'])
      return answer.cookies.length > 0 ? answer : undefined
    })
    // A tenth of the idle life is 200 ms; the cookie's times are whole seconds, so up to a second more.
    assert.ok(Date.now() - firstAtMs >= 190)
    assert.notEqual(cookieValue(renewed), cookieValue(first))
    assert.equal(sessionIdOf(cookieValue(renewed)), sessionIdOf(cookieValue(first)))

    await new Promise((resolve) => setTimeout(resolve, 3100))
    const later = await browser.ask('/')
    assert.equal(later.decision, 'new')
    assert.notEqual(sessionIdOf(cookieValue(later)), sessionIdOf(cookieValue(first)))
    await until('the access log', () => router.accessLog().some(({ session }) => session === 'expired'))
  })

  test('ends at its absolute age, however busy the session is', async () => {
    await using router = await startRouter({ config: configOf('{ idle: 1s, absolute: 2s }') })
    using client = new Client(router.port)
    const browser = new Browser(client)
    const first = await browser.ask('/')
    const startMs = Date.now()
    await until('the session ends', async () => (await browser.ask('/')).decision === 'new', 6000)
    const ageMs = Date.now() - startMs
    assert.ok(ageMs >= 900 && ageMs <= 3200, `${ageMs} ms`)
    assert.notEqual(sessionIdOf(browser.jar.get('limpet')!), sessionIdOf(cookieValue(first)))
  })

  test('that is forged, damaged, foreign or huge is as if absent; a valid one among several counts', async () => {
    await using router = await startRouter({ config: configOf('{}') })
    await using foreign = await startRouter({ config: configOf('{}') })
    using client = new Client(router.port)
    using foreignClient = new Client(foreign.port)
    const first = await client.ask('/')
    const value = cookieValue(first)
    const flip = (at: number) => value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)
    const bad = [
      ...Array.from({ length: 56 }, (_, at) => flip(at)),
      cookieValue(await foreignClient.ask('/')),
      value.slice(0, -1),
      `${value}A`,
      'x'.repeat(4096),
      '',
      '"',
      value.toLowerCase(),
    ]
    for (const text of bad) {
      const answer = await client.ask('/', { headers: { cookie: `limpet=${text}` } })
      assert.deepEqual([answer.status, answer.decision, answer.cookies.length], [200, 'new', 1], text)
    }
    await until('the access log', () => {
      return router.accessLog().filter(({ session }) => session === 'unknown').length === bad.length
    })
    for (const cookie of [
      `limpet=${value}; limpet=${flip(3)}`,
      `limpet=${flip(30)}; limpet=; limpet=${value}`,
      `theme=dark;limpet="${value}"`,
      `xlimpet=${flip(1)}; limpet=${value}; limpets=1`,
    ]) {
      const answer = await client.ask('/', { headers: { cookie } })
      assert.deepEqual([answer.replica, answer.decision, answer.cookies], [first.replica, 'hit', []], cookie)
    }
  })

  test('of another service of the same router names no session here', async () => {
    const service = (name: string, path: string) =>
      `  - name: ${name}\n    match: { path: ${path} }\n    session: cookie\n    cookie: { path: ${path} }\n    replicas:\n${replicaLines(replicas)}`
    await using router = await startRouter({
      config: `services:\n${service('one', '/one')}${service('two', '/two')}`,
    })
    using client = new Client(router.port)
    const one = await client.ask('/one')
    const two = await client.ask('/two', { headers: { cookie: `limpet=${cookieValue(one)}` } })
    assert.equal(two.decision, 'new')
    assert.equal(
      (await client.ask('/one', { headers: { cookie: `limpet=${cookieValue(one)}` } })).decision,
      'hit',
    )
  })

  test("shows neither a replica's address nor its name, nor a hash that could be guessed", async () => {
    await using router = await startRouter({ config: configOf('{}') })
    await using other = await startRouter({ config: configOf('{}') })
    using client = new Client(router.port)
    using otherClient = new Client(other.port)
    const tagOf = (value: string) => Buffer.from(value, 'base64url').toString('hex', 2, 8)
    const tags = new Map<string | undefined, string>()
    const otherTags = new Map<string | undefined, string>()
    for (let round = 0; round < 60; round++) {
      const answer = await client.ask('/')
      const tag = tagOf(cookieValue(answer))
      assert.equal(tags.get(answer.replica) ?? tag, tag)
      tags.set(answer.replica, tag)
      const there = await otherClient.ask('/')
      otherTags.set(there.replica, tagOf(cookieValue(there)))
      const bytes = Buffer.from(cookieValue(answer), 'base64url')
      for (const { name, url, port } of replicas) {
        const words = [url, `127.0.0.1:${port}`, '127.0.0.1', String(port), Buffer.from([127, 0, 0, 1])]
        for (const word of words) assert.ok(!bytes.includes(word), String(word))
        for (const text of [name, url, `127.0.0.1:${port}`, `app${name}`, `app/${name}`]) {
          for (const algorithm of ['md5', 'sha1', 'sha256'])
            assert.ok(!createHash(algorithm).update(text).digest('hex').includes(tag))
        }
      }
      for (const line of answer.cookies) assert.ok(!line.includes('127.0.0.1'))
    }
    assert.equal(tags.size, 3)
    for (const [name, tag] of tags) assert.notEqual(otherTags.get(name), tag)
  })
})

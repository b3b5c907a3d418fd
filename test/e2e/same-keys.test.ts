import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Browser, Client, forEach, sessionNames } from '../kit/client.ts'
import { within } from '../kit/process.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter, type TestRouter, temporaryFolder } from '../kit/router.ts'

const SECRETS = {
  one: 'b25lLW9uZS1vbmUtb25lLW9uZQ',
  two: 'dHdvLXR3by10d28tdHdvLXR3bw',
  hash: 'aGFzaC1oYXNoLWhhc2gtaGFzaA',
}

describe('routers with the same keys', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(4)
  })
  after(() => replicas[Symbol.asyncDispose]())

  const configOf = (session: string) =>
    `services:\n  - name: app\n    session: ${session}\n    replicas:\n${replicaLines(replicas)}`

  async function stop(router: TestRouter): Promise<void> {
    router.signal('SIGTERM')
    await within(10_000, 'the exit', router.exited)
  }

  async function homesOf(router: TestRouter, names: readonly string[]): Promise<(string | undefined)[]> {
    using client = new Client(router.port)
    return await forEach(names, 8, async (name) => {
      const { replica, decision } = await client.ask('/', { headers: { 'x-session-id': name } })
      assert.equal(decision, 'new')
      return replica
    })
  }

  /** How many of the places differ. */
  function differences(a: readonly unknown[], b: readonly unknown[]): number {
    return a.filter((value, index) => value !== b[index]).length
  }

  test('that know nothing of each other place 1,000 header sessions alike', async () => {
    const env = { LIMPET_KEYS: `1:${SECRETS.one}` }
    await using router = await startRouter({ config: configOf('header:x-session-id'), env })
    await using other = await startRouter({ config: configOf('header:x-session-id'), env })
    const names = sessionNames(1000)
    const homes = await homesOf(router, names)
    // In another order: what a router saw first matters only where its load bound is met.
    const otherHomes = (await homesOf(other, names.toReversed())).toReversed()
    assert.ok(differences(homes, otherHomes) <= 10, `${differences(homes, otherHomes)} differ`)
    await using stranger = await startRouter({ config: configOf('header:x-session-id') })
    assert.ok(differences(homes, await homesOf(stranger, names)) > 500)
  })

  test("honour each other's cookies", async () => {
    const env = { LIMPET_KEYS: `1:${SECRETS.one}` }
    await using router = await startRouter({ config: configOf('cookie'), env })
    await using other = await startRouter({ config: configOf('cookie'), env })
    using client = new Client(router.port)
    using otherClient = new Client(other.port)
    await forEach(sessionNames(100), 8, async () => {
      const here = new Browser(client)
      const there = new Browser(otherClient)
      const first = await here.ask('/')
      for (const [name, value] of here.jar) there.jar.set(name, value)
      const second = await there.ask('/')
      assert.deepEqual([second.replica, second.decision, second.cookies], [first.replica, 'hit', []])
    })
  })

  test('one after the other: cookie sessions go home without a store, header sessions by hashing', async () => {
    await using state = await temporaryFolder()
    const env = { XDG_STATE_HOME: state.path }
    const config = configOf('[header:x-session-id, cookie]')
    const names = sessionNames(300)
    let visitors: { jar: ReadonlyMap<string, string>; home: string | undefined }[] = []
    let headerHomes: (string | undefined)[] = []
    {
      await using router = await startRouter({ config, env })
      using client = new Client(router.port)
      headerHomes = await homesOf(router, names)
      visitors = await forEach(names, 8, async () => {
        const browser = new Browser(client)
        return { jar: browser.jar, home: (await browser.ask('/')).replica }
      })
      await stop(router)
    }
    await using router = await startRouter({ config, env })
    using client = new Client(router.port)
    await forEach(visitors, 8, async ({ jar, home }) => {
      const browser = new Browser(client)
      for (const [name, value] of jar) browser.jar.set(name, value)
      const answer = await browser.ask('/')
      assert.deepEqual([answer.replica, answer.decision, answer.cookies], [home, 'hit', []])
    })
    const after = await homesOf(router, names)
    assert.ok(differences(headerHomes, after) <= 6, `${differences(headerHomes, after)} of 300 differ`)
  })

  test('changed: old cookies are verified and renewed; once the old key is gone they begin anew', async () => {
    const { one, two, hash } = SECRETS
    const config = configOf('cookie')
    const keyIdOf = (browser: Browser) => Buffer.from(browser.jar.get('limpet')!, 'base64url')[1]
    let homes: (string | undefined)[] = []
    const jars = sessionNames(20).map(() => new Map<string, string>())
    const round = async (keys: string, check: (browser: Browser, index: number) => Promise<void>) => {
      await using router = await startRouter({
        config,
        workers: 1,
        env: { LIMPET_KEYS: `${keys},hash:${hash}` },
      })
      using client = new Client(router.port)
      for (const [index, jar] of jars.entries()) {
        const browser = new Browser(client)
        for (const [name, value] of jar) browser.jar.set(name, value)
        await check(browser, index)
        for (const [name, value] of browser.jar) jar.set(name, value)
      }
    }
    homes = []
    await round(`1:${one}`, async (browser) => {
      homes.push((await browser.ask('/')).replica)
      assert.equal(keyIdOf(browser), 1)
    })
    const oldJars = jars.map((jar) => new Map(jar))
    await round(`2:${two},1:${one}`, async (browser, index) => {
      const answer = await browser.ask('/')
      assert.deepEqual([answer.replica, answer.decision, answer.cookies.length], [homes[index], 'hit', 1])
      assert.equal(keyIdOf(browser), 2)
      assert.deepEqual((await browser.ask('/')).cookies, [])
    })
    await round(`2:${two}`, async (browser, index) => {
      const answer = await browser.ask('/')
      assert.deepEqual([answer.replica, answer.decision, answer.cookies], [homes[index], 'hit', []])
      browser.jar.set('limpet', oldJars[index]!.get('limpet')!)
      const old = await browser.ask('/')
      assert.deepEqual([old.status, old.decision, old.cookies.length], [200, 'new', 1])
      assert.equal(keyIdOf(browser), 2)
    })
  })
})

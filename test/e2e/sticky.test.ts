import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Browser, Client, forEach, sessionNames, tally } from '../kit/client.ts'
import { replicaLines, startReplicas, type TestReplicas } from '../kit/replica.ts'
import { startRouter, temporaryFolder } from '../kit/router.ts'

const SESSIONS = 1000
const ROUNDS = 10

/** How a session shows itself in a request. */
type Shown = { readonly path?: string; readonly headers?: Readonly<Record<string, string>> }

describe('1,000 sessions of 10 requests, 4 replicas, 2 workers', () => {
  let replicas: TestReplicas
  before(async () => {
    replicas = await startReplicas(4)
  })
  after(() => replicas[Symbol.asyncDispose]())

  /** Sends all sessions' requests, interleaved, and asserts that each session sees one replica, and all four serve. */
  async function assertSticks(session: string, show: (index: number) => Shown, top = ''): Promise<void> {
    await using router = await startRouter({
      config: `${top}\nservices:\n  - name: app\n    session: ${session}\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const homes = Array.from({ length: SESSIONS }, () => new Set<string | undefined>())
    const decisions: (string | undefined)[] = []
    const requests = Array.from({ length: SESSIONS * ROUNDS }, (_, index) => index % SESSIONS)
    await forEach(requests, 32, async (index) => {
      const { path = '/', headers = {} } = show(index)
      const answer = await client.ask(path, { headers })
      homes[index]!.add(answer.replica)
      decisions.push(answer.decision)
    })
    assert.equal(homes.filter((seen) => seen.size === 1).length, SESSIONS)
    assert.deepEqual(tally(decisions), { new: SESSIONS, hit: SESSIONS * (ROUNDS - 1) })
    assertSpread(homes.map((seen) => [...seen][0]))
  }

  /** No replica holds more than the load bound allows: 1.25 times its share and the gap. */
  function assertSpread(homes: readonly (string | undefined)[]): void {
    const counts = tally(homes)
    assert.deepEqual(Object.keys(counts).sort(), ['a', 'b', 'c', 'd'])
    assert.ok(
      Math.max(...Object.values(counts)) <= Math.ceil((1.25 * SESSIONS) / 4) + 8,
      JSON.stringify(counts),
    )
  }

  test('stick by a header', () =>
    assertSticks('header:x-session-id', (index) => ({ headers: { 'x-session-id': `s${index}` } })))

  test('stick by a query parameter, wherever it stands in the query and however it is encoded', () =>
    assertSticks('query:sid', (index) => ({
      path: index % 2 === 0 ? `/?a=1&sid=${index}%20x` : `/?sid=${index}+x&b=2`,
    })))

  test("stick by the application's own cookie, among others", () =>
    assertSticks('cookie:sid', (index) => ({ headers: { cookie: `theme=dark; sid=${index}; xsid=1` } })))

  test('stick by the bearer credential', () =>
    assertSticks('bearer', (index) => ({ headers: { authorization: `Bearer token-${index}` } })))

  test("stick by the client's address, as a trusted proxy tells it", () =>
    assertSticks(
      'ip',
      (index) => ({ headers: { 'x-forwarded-for': `10.9.${index >> 8}.${index & 255}` } }),
      'trustedProxies: [127.0.0.1]',
    ))

  test('stick by a function in a module, which every worker loads', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'session.mjs')
    await writeFile(path, "export const session = (head) => head.target.split('/')[2]\n")
    await assertSticks(`"module:${path}"`, (index) => ({ path: `/rooms/room-${index}/messages` }))
  })

  test("stick by the router's cookie", async () => {
    await using router = await startRouter({
      config: `services:\n  - name: app\n    session: cookie\n    replicas:\n${replicaLines(replicas)}`,
    })
    using client = new Client(router.port)
    const homes = await forEach(sessionNames(SESSIONS), 32, async () => {
      const browser = new Browser(client)
      const first = await browser.ask('/')
      assert.equal(first.decision, 'new')
      assert.equal(first.cookies.length, 1)
      for (let round = 1; round < ROUNDS; round++) {
        const answer = await browser.ask('/')
        assert.equal(answer.replica, first.replica)
        assert.equal(answer.decision, 'hit')
        assert.deepEqual(answer.cookies, [])
      }
      return first.replica
    })
    assertSpread(homes)
    assert.equal((await router.metrics()).sum('limpet_pins'), SESSIONS)
  })
})

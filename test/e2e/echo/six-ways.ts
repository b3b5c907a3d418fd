import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { assertUnique, countBy, type EchoPage, openEchoPage } from './echo-page.ts'

const TIMES = 20

/**
 * Presses each of the six buttons and looks who has answered, with as many replicas as `replicas`.
 * `isFair`: whether one after the other takes its turn.
 */
export function testSixWays(at: () => { browser: Browser; url: string; replicas: number }): void {
  const withPage = (
    name: string,
    run: (page: EchoPage, home: string, context: TestContext) => Promise<void>,
  ) =>
    test(name, async (context) => {
      const { browser, url } = at()
      await using page = await openEchoPage(browser, url)
      const home = await page.held()
      assert.equal(await page.status('page-by'), home, 'the socket is where the page comes from')
      await run(page, home, context)
      assert.deepEqual(page.faults, [])
    })

  withPage('HTTP & Round Robin: all replicas take turns', async (page) => {
    const lines = await page.pressTimes('http', TIMES)
    const counts = [...countBy(lines).values()]
    assert.equal(lines.length, TIMES)
    assert.equal(counts.length, at().replicas)
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`)
    assert.ok(lines.every(({ meta }) => /^limpet-decision: none, \d+ ms$/.test(meta)))
    assert.ok(lines.every(({ kind, text, replica }) => kind === 'http' && text.startsWith(`[${replica}]  `)))
  })

  withPage('HTTP & Sticky: always the replica of the session', async (page, home) => {
    const lines = await page.pressTimes('http-sticky', TIMES)
    assert.deepEqual([...countBy(lines)], [[home, TIMES]])
    assert.ok(lines.every(({ meta }) => meta.startsWith('limpet-decision: hit,')))
  })

  withPage('WebSockets Only: always the replica that holds the socket', async (page, home) => {
    const lines = await page.pressTimes('websocket', TIMES)
    assert.deepEqual([...countBy(lines)], [[home, TIMES]])
    assert.ok(lines.every(({ kind }) => kind === 'socket'))
  })

  withPage('Publish Message to Queue: always arrives, whoever publishes', async (page, home) => {
    const lines = await page.pressTimes('queue', TIMES)
    const published = lines.filter(({ kind }) => kind === 'http')
    const arrived = lines.filter(({ kind }) => kind === 'socket')
    assert.equal(countBy(published).size, at().replicas)
    assert.deepEqual([...countBy(arrived)], [[home, TIMES]])
    assertUnique(
      arrived.map(({ id }) => id),
      'ids',
    )
    const publisherOf = new Map(published.map(({ ref, replica }) => [ref, replica]))
    for (const { ref, from, text } of arrived) {
      assert.equal(from, publisherOf.get(ref))
      assert.ok(text.startsWith(`[${from}]  `))
    }
  })

  withPage('non-sticky HTTP & in-memory WebSockets: arrives by luck', async (page, home) => {
    const lines = await page.pressTimes('memory', TIMES)
    const answers = lines.filter(({ kind }) => kind === 'http')
    const arrived = lines.filter(({ kind }) => kind === 'socket')
    assert.equal(answers.length, TIMES)
    for (const { replica, delivered, text } of answers) {
      assert.equal(delivered, replica === home)
      assert.equal(/no connection to this client/.test(text), replica !== home)
    }
    const delivered = answers.filter((line) => line.delivered)
    assert.deepEqual(
      arrived.map(({ ref }) => ref),
      delivered.map(({ ref }) => ref),
    )
    assert.ok(delivered.length > 0 && delivered.length < TIMES, `${delivered.length} of ${TIMES}`)
  })

  withPage('sticky HTTP & in-memory WebSockets: always arrives', async (page, home) => {
    const lines = await page.pressTimes('memory-sticky', TIMES)
    for (const kind of ['http', 'socket'])
      assert.deepEqual([...countBy(lines.filter((line) => line.kind === kind))], [[home, TIMES]])
  })
}

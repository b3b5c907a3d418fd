/** What the demo's page does, and shows, when the replica that holds its socket goes away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../kit/process.ts'
import { startDemo, stopDemo } from '../demo-process.ts'
import { demoInBrowser } from './demo-in-browser.ts'
import { assertUnique, openEchoPage } from './echo-page.ts'

const stage = demoInBrowser()

test('a killed replica: the page reconnects, and no message of the queue is lost or shown twice', async () => {
  await using echo = await openEchoPage(stage.browser, stage.demo.url)
  const { page } = echo
  const home = await echo.held()
  let pressed = 0
  const press = async () => {
    await echo.press('queue')
    pressed++
  }
  for (let time = 0; time < 10; time++) await press()
  await page.click(`[aria-label="Kill ${home}"]`)
  for (let time = 0; time < 30; time++) await press()
  await page.locator('#story', { hasText: `Your socket was at ${home}. ${home} was killed.` }).waitFor()
  const next = await echo.held()
  for (let time = 0; time < 10; time++) await press()
  assert.notEqual(next, home)
  const lines = await until('all are answered and back', async () => {
    const all = (await echo.lines()).filter(({ way }) => way === 'queue')
    const answers = all.filter(({ kind }) => kind === 'http')
    const kept = answers.filter(({ text }) => /published/.test(text))
    const back = new Set(all.filter(({ kind }) => kind === 'socket').map(({ ref }) => ref))
    return answers.length === pressed && kept.every(({ ref }) => back.has(ref)) ? all : undefined
  })
  const arrived = lines.filter(({ kind }) => kind === 'socket')
  assertUnique(
    arrived.map(({ ref }) => ref),
    'texts',
  )
  assert.deepEqual(new Set(arrived.map(({ replica }) => replica)), new Set([home, next]))
  // All but the one request that may have been under way at the killed replica itself.
  assert.ok(arrived.length >= pressed - 1, `${arrived.length} of ${pressed}`)
  const story = (await page.textContent('#story')) ?? ''
  assert.match(
    story,
    new RegExp(
      `${home} was killed\\. You reconnected to ${next} in \\d\\.\\d s\\. limpet-decision: moved; reason=`,
    ),
  )

  const box = page.locator(`.replica[data-name=${home}]`)
  await page.locator(`.replica[data-name=${home}][data-state=ready]`).waitFor()
  assert.match((await box.textContent()) ?? '', /0 sockets/)
  const after = await echo.pressTimes('memory-sticky', 3)
  assert.ok(
    after.every(({ replica }) => replica === next),
    'the session stays where it has moved',
  )
  assert.deepEqual(echo.faults, [])
})

test('a draining replica: the socket moves within the drain time, and the box goes', async () => {
  await using echo = await openEchoPage(stage.browser, stage.demo.url)
  const { page } = echo
  const home = await echo.held()
  await page.click('#add')
  await page.locator('.replica:nth-child(4)[data-state=ready]').waitFor()
  const startedMs = Date.now()
  await page.click(`[aria-label="Drain ${home}"]`)
  await page.locator(`.replica[data-name=${home}][data-state=draining]`).waitFor()
  await page
    .locator('#story', { hasText: `${home} is draining. You reconnected to` })
    .waitFor({ timeout: 15_000 })
  const next = await echo.held()
  assert.ok(Date.now() - startedMs < 12_500)
  assert.notEqual(next, home)
  assert.match((await page.textContent('#story')) ?? '', /limpet-decision: moved; reason=drained\.$/)
  const sticky = await echo.pressTimes('http-sticky', 3)
  assert.ok(
    sticky.every(({ replica }) => replica === next),
    'HTTP requests follow the socket',
  )
  await page.locator(`.replica[data-name=${home}]`).waitFor({ state: 'detached', timeout: 15_000 })
  assert.equal(await page.locator('.replica').count(), 3)
  assert.equal(await echo.held(), next)
  assert.deepEqual(echo.faults, [])
})

test('the last replica that takes sessions can be killed, but not drained', async () => {
  const single = await startDemo(undefined, ['--replicas', '1'])
  try {
    await using echo = await openEchoPage(stage.browser, single.url)
    const { page } = echo
    await page.click('[aria-label="Drain otter"]')
    await page.locator('#story', { hasText: 'There is no other replica for the sessions' }).waitFor()
    await page.click('[aria-label="Kill otter"]')
    await page.locator('#connection[data-is=waiting]').waitFor()
    await page.locator('#story', { hasText: 'You reconnected again to otter' }).waitFor({ timeout: 20_000 })
    assert.equal(await echo.held(), 'otter')
  } finally {
    await stopDemo(single)
  }
})

/** The demo's page in a real browser, before the processes of one program: what `limpet workers` brings up. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../../kit/browser.ts'
import { freePort } from '../../kit/free-port.ts'
import { endProcess, startProcess, until } from '../../kit/process.ts'
import { temporaryFolder } from '../../kit/router.ts'
import { openEchoPage } from './echo-page.ts'
import { testSixWays } from './six-ways.ts'

const script = fileURLToPath(new URL('../../../examples/echo/main.ts', import.meta.url))
const workers = 4

let browser: Browser
let demo: ChildProcess
let url: string
const folder = await temporaryFolder()
before(async () => {
  browser = await startBrowser()
  url = `http://127.0.0.1:${await freePort()}`
  const at = ['--listen', new URL(url).host, '--admin', `127.0.0.1:${await freePort()}`]
  demo = startProcess(process.execPath, [script, '--mode', 'workers', ...at], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { XDG_STATE_HOME: folder.path },
  })
  const up = new Set<string>()
  let printed = ''
  demo.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    for (const [, name] of printed.matchAll(/"worker":"(worker-\d)".*"a worker is up"/g)) up.add(name!)
  })
  await until('all workers are up', () => up.size === workers)
})
after(async () => {
  await browser?.close()
  if (demo !== undefined) await endProcess(demo, 'SIGTERM')
  await folder[Symbol.asyncDispose]()
})

testSixWays(() => ({ browser, url, replicas: workers }))

test('there are no controls, and the picture shows the workers that have answered', async () => {
  await using echo = await openEchoPage(browser, url)
  const { page } = echo
  const home = await echo.held()
  assert.match(home, /^worker-\d$/)
  assert.deepEqual(await page.locator('.replica strong').allTextContents(), [home])
  await echo.pressTimes('http', workers)
  assert.deepEqual(
    await page.locator('.replica strong').allTextContents(),
    Array.from({ length: workers }, (_, at) => `worker-${at}`),
  )
  assert.equal(await page.locator('#add').isVisible(), false)
  assert.equal(await page.locator('.replica button').count(), 0)
  assert.deepEqual(echo.faults, [])
})

test('a killed worker: the page reconnects, to another one unless that is back before it', async () => {
  await using echo = await openEchoPage(browser, url)
  const { page } = echo
  const home = await echo.held()
  const pid = Number(/pid (\d+)/.exec((await page.textContent(`.replica[data-name=${home}]`)) ?? '')?.[1])
  process.kill(pid, 'SIGKILL')
  const told = `Your socket was at ${home}. ${home} died. You reconnected`
  await page.locator('#story', { hasText: told }).waitFor()
  const next = await echo.held()
  const decided = next === home ? 'hit' : 'moved; reason='
  assert.match((await page.textContent('#story')) ?? '', new RegExp(`limpet-decision: ${decided}`))
  const lines = await echo.pressTimes('memory-sticky', 3)
  assert.ok(lines.every(({ replica }) => replica === next))
})

/**
 * Writes the pictures of the demo's page to docs/images: `npm run screenshots`. They come out the same each time: what
 * is different from one run to the next (process ids, times) is replaced, and the page's clock stands still.
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { startDemo, stopDemo } from '../test/e2e/demo-process.ts'
import { startBrowser } from '../test/kit/browser.ts'

interface Shot {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
  readonly scale: number
  /** What is at the upper edge. */
  readonly from: string
}

const wide = { width: 1440, height: 900, scale: 1, from: 'body' }
const phone = { width: 360, height: 800, scale: 2, from: '#stage' }
const shots: readonly Shot[] = [
  { ...wide, name: 'echo-wide-light', scheme: 'light' },
  { ...wide, name: 'echo-wide-dark', scheme: 'dark' },
  { ...phone, name: 'echo-phone-light', scheme: 'light' },
  { ...phone, name: 'echo-phone-dark', scheme: 'dark' },
]
const folder = new URL('../docs/images/', import.meta.url)
/** Of all pictures. */
const home = 'seal'
const pressed = [
  'http',
  'http',
  'http',
  'http-sticky',
  'websocket',
  'memory',
  'memory',
  'memory',
  'memory-sticky',
  'queue',
  'queue',
  'queue',
]
/** What is seen on its way: a message on the channel, and a request. */
const onTheirWay = [
  { way: 'queue', thenMs: 480 },
  { way: 'http', thenMs: 290 },
]
/** With those above as many as there are replicas, so that each picture finds the same turn. */
const inTheEnd = ['http']

const replaceWhatDiffers = `(() => {
  const place = ({ dataset, classList }) => 2 * Number(dataset.ref ?? 0) + Number(classList.contains('socket'))
  const lines = [...document.querySelectorAll('.response')].sort((a, b) => place(b) - place(a))
  document.querySelector('#responses').replaceChildren(...lines)
  document.querySelectorAll('.pid').forEach((each, at) => { each.textContent = 'pid ' + (4101 + at) })
  for (const each of document.querySelectorAll('.meta')) each.textContent = each.textContent.replace(/\\d+ ms$/, '3 ms')
  for (const each of document.querySelectorAll('.sockets')) if (/^\\d/.test(each.textContent)) each.textContent = '0 sockets'
})()`

const browser = await startBrowser()
const demo = await startDemo()
try {
  await mkdir(folder, { recursive: true })
  for (const [at, shot] of shots.entries()) await take(browser, demo.url, shot, clientOf(at))
} finally {
  await browser.close()
  await stopDemo(demo)
}

async function take(browser: Browser, url: string, shot: Shot, client: string): Promise<void> {
  const page = await openAtHome(browser, url, shot, client)
  for (const way of pressed) await press(page, way)
  await run(page, 5000)
  await page.evaluate(`document.querySelector('${shot.from}').scrollIntoView()`)
  for (const { way, thenMs } of onTheirWay) {
    await press(page, way)
    await run(page, thenMs)
  }
  await page.evaluate(replaceWhatDiffers)
  const path = fileURLToPath(new URL(`${shot.name}.png`, folder))
  await page.screenshot({ path })
  for (const way of inTheEnd) await press(page, way)
  await page.context().close()
  process.stdout.write(`${path}\n`)
}

/** Each has its own, since the channel keeps what it has for a client. */
function clientOf(at: number): string {
  return `1f0c2d5e-6a7b-4c8d-9e0f-a1b2c3d4e5f${at}`
}

/** Opens pages until one has its session at `home`. */
async function openAtHome(browser: Browser, url: string, shot: Shot, client: string): Promise<Page> {
  for (;;) {
    const context = await browser.newContext({
      viewport: { width: shot.width, height: shot.height },
      colorScheme: shot.scheme,
      deviceScaleFactor: shot.scale,
    })
    const page = await context.newPage()
    await page.addInitScript(`
      Math.random = () => 0.15
      crypto.randomUUID = () => '${client}'
    `)
    await page.clock.install({ time: '2026-01-01T12:00:00Z' })
    await page.goto(url)
    await page.locator('#connection[data-is=open]').waitFor()
    if ((await page.textContent('#held-by')) === home) {
      await page.clock.pauseAt('2026-01-01T12:10:00Z')
      return page
    }
    await context.close()
  }
}

/** Presses a button and waits for all that comes of it. */
async function press(page: Page, way: string): Promise<void> {
  const answers = page.locator(`.response${way === 'websocket' ? '' : '.http'}[data-way=${way}]`)
  const before = await answers.count()
  await page.locator(`.way[data-way=${way}]`).dispatchEvent('click')
  await answers.nth(before).waitFor({ state: 'attached' })
  const ref = await answers.first().getAttribute('data-ref')
  const isDelivered = (await answers.first().getAttribute('data-delivered')) === 'true'
  if (way === 'queue' || isDelivered)
    await page.locator(`.response.socket[data-ref="${ref}"]`).waitFor({ state: 'attached' })
  await run(page, 60)
}

/** Lets time pass in the page, with a picture each 20 ms. */
async function run(page: Page, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 20) await page.clock.runFor(20)
}

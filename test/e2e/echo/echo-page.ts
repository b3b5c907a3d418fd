import assert from 'node:assert/strict'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** A line of the page's list of responses. */
export interface Line {
  readonly kind: 'http' | 'socket' | 'note'
  readonly text: string
  readonly meta: string
  readonly way: string
  /** Who has answered; for WebSockets, the holder. */
  readonly replica: string
  /** WebSockets: who has got the request. */
  readonly from: string
  readonly ref: string
  readonly id: string
  readonly delivered: boolean | undefined
}

/** The demo's page in a browser, as its user sees it. */
export interface EchoPage extends AsyncDisposable {
  readonly page: Page
  /** What went wrong in the page itself. */
  readonly faults: readonly string[]
  status(what: 'page-by' | 'held-by' | 'connection' | 'client-id'): Promise<string>
  /** Resolves when the socket is open, to the replica that holds it. */
  held(): Promise<string>
  press(way: string): Promise<void>
  /** All lines so far, the oldest first. */
  lines(): Promise<Line[]>
  /** Presses a button so many times, each time when the answer to the last one is there; resolves to the lines. */
  pressTimes(way: string, times: number): Promise<Line[]>
}

/** Opens the page and resolves when its socket is open. */
export async function openEchoPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<EchoPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // That a request had no answer is a thing that these tests bring about.
    const isOwn = !/Failed to load resource|WebSocket connection|ERR_/.test(message.text())
    if (message.type() === 'error' && isOwn) faults.push(message.text())
  })
  await page.goto(url)

  const echoPage: EchoPage = {
    page,
    faults,
    status: async (what) => (await page.textContent(`#${what}`)) ?? '',
    async held() {
      await page.locator('#connection[data-is=open]').waitFor()
      return echoPage.status('held-by')
    },
    press: (way) => page.click(`.way[data-way=${way}]`),
    lines: () => readLines(page),
    async pressTimes(way, times) {
      const before = (await echoPage.lines()).length
      const kind = way === 'websocket' ? 'socket' : 'http'
      for (let time = 1; time <= times; time++) {
        await echoPage.press(way)
        const line = page.locator(`.response.${kind}[data-way=${way}]`)
        await line.nth(time - 1).waitFor({ state: 'attached' })
      }
      // What comes over the socket besides the answer may be later than that.
      const isSure = way === 'queue' || way === 'memory-sticky'
      if (isSure)
        await page
          .locator(`.response.socket[data-way=${way}]`)
          .nth(times - 1)
          .waitFor()
      return (await echoPage.lines()).slice(before)
    },
    async [Symbol.asyncDispose]() {
      await context.close()
    },
  }
  await echoPage.held()
  return echoPage
}

function readLines(page: Page): Promise<Line[]> {
  return page.locator('.response').evaluateAll((lines) =>
    lines.reverse().map((line) => {
      const { way = '', replica = '', from = '', ref = '', id = '', delivered } = line.dataset
      const textOf = (name: string) => line.querySelector(`.${name}`)?.textContent ?? ''
      const kind = (['http', 'socket', 'note'] as const).find((name) => line.classList.contains(name))!
      return {
        kind,
        text: textOf('text'),
        meta: textOf('meta'),
        way,
        replica,
        from,
        ref,
        id,
        delivered: delivered === undefined ? undefined : delivered === 'true',
      }
    }),
  )
}

/** How many lines each replica has. */
export function countBy(lines: readonly Line[], field: 'replica' | 'from' = 'replica'): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line[field], (counts.get(line[field]) ?? 0) + 1)
  return counts
}

/** That all values differ. */
export function assertUnique(values: readonly string[], what: string): void {
  assert.equal(new Set(values).size, values.length, `${what}: ${values.join(' ')}`)
}

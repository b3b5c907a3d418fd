/** The demo's page itself, in a real browser: filters, keyboard, countdown, and how it fits on a phone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { startDemo, stopDemo } from '../demo-process.ts'
import { demoInBrowser } from './demo-in-browser.ts'
import { openEchoPage } from './echo-page.ts'

const stage = demoInBrowser()

/** The kinds of the lines that can be seen. */
async function shownKinds(page: Page): Promise<string[]> {
  const texts = await page.locator('.response:visible .kind').allTextContents()
  return [...new Set(texts)].sort()
}

test('filters show what is chosen, of lines that are there and that come', async () => {
  await using echo = await openEchoPage(stage.browser, stage.demo.url)
  const { page } = echo
  await echo.pressTimes('queue', 2)
  assert.deepEqual(await shownKinds(page), ['HTTP', 'Session', 'WebSocket'])
  await page.uncheck('#filter-http')
  assert.deepEqual(await shownKinds(page), ['Session', 'WebSocket'])
  await echo.pressTimes('http', 2)
  assert.deepEqual(await shownKinds(page), ['Session', 'WebSocket'])
  await page.uncheck('#filter-socket')
  assert.deepEqual(await shownKinds(page), ['Session'])
  await page.check('#filter-http')
  assert.deepEqual(await shownKinds(page), ['HTTP', 'Session'])
  assert.deepEqual(
    [await page.textContent('#count-http'), await page.textContent('#count-socket')],
    ['4', '2'],
  )
  await page.click('#clear')
  assert.equal((await echo.lines()).length, 0)
})

test('the text is two words, sent as it stands, and nothing empty or too long is sent', async () => {
  await using echo = await openEchoPage(stage.browser, stage.demo.url)
  const { page } = echo
  assert.match(await page.inputValue('#text'), /^\w+ \w+$/)
  const hostile = '<img src=x onerror=alert(1)> & "quotes" {{replica}} \u{1f41a}'
  await page.fill('#text', hostile)
  const [line] = await echo.pressTimes('websocket', 1)
  assert.equal(line?.text, `[${line?.replica}]  ${hostile}`)
  await page.fill('#text', ' ')
  await echo.press('http')
  await page.locator('#story', { hasText: 'Write something to send first.' }).waitFor()
  await page.fill('#text', '')
  await page.locator('#text').pressSequentially('x'.repeat(150))
  assert.equal((await page.inputValue('#text')).length, 140)
  assert.equal((await echo.pressTimes('http', 1)).length, 1)
  assert.deepEqual(echo.faults, [])
})

test('everything can be reached and done with the keyboard, and is seen to have the focus', async () => {
  await using echo = await openEchoPage(stage.browser, stage.demo.url)
  const { page } = echo
  const names: string[] = []
  for (let step = 0; step < 20; step++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(`(() => {
      const on = document.activeElement
      const style = getComputedStyle(on)
      const after = getComputedStyle(on, '::after')
      const seen = [style, after].some((s) => s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 3)
      const isBox = on.type === 'checkbox'
      return { name: on.ariaLabel ?? on.dataset.way ?? on.id, seen: seen || isBox }
    })()`)
    const { name, seen } = focused as { name: string; seen: boolean }
    if (name === '') break
    assert.ok(seen, `${name} has the focus, and it is not seen`)
    names.push(name)
  }
  const home = await echo.held()
  const controls = ['otter', 'seal', 'heron'].flatMap((name) => [`Drain ${name}`, `Kill ${name}`])
  const buttons = ['http', 'http-sticky', 'websocket', 'queue', 'memory', 'memory-sticky']
  const rest = ['filter-http', 'filter-socket', 'clear', 'log']
  assert.deepEqual(names.slice(0, 18), [...controls, 'add', 'text', ...buttons, ...rest])

  await page.focus('#text')
  await page.keyboard.press('Enter')
  await page.locator('.response[data-way=http]').waitFor()
  await page.focus('.way[data-way=websocket]')
  await page.keyboard.press('Space')
  await page.locator(`.response.socket[data-replica=${home}]`).waitFor()
  // What the form sends again is what was sent last.
  await page.focus('#text')
  await page.keyboard.press('Enter')
  await page.locator('.response.socket').nth(1).waitFor()
})

test('while the router is away the page counts down, longer each time, and "Now" is at once', async () => {
  const first = await startDemo(undefined, ['--replicas', '2'])
  const { port } = new URL(first.url)
  await using echo = await openEchoPage(stage.browser, first.url)
  const { page } = echo
  const home = await echo.held()
  await stopDemo(first)
  const connection = page.locator('#connection')
  await page.locator('#connection', { hasText: /reconnecting in [1-9] s/ }).waitFor({ timeout: 15_000 })
  assert.equal(await echo.status('held-by'), 'no replica')
  await echo.press('websocket')
  await page.locator('#story', { hasText: 'There is no socket right now' }).waitFor()
  // By then it waits for several seconds.
  for (let attempt = 0; attempt < 3; attempt++) {
    await page.locator('#connection[data-is=waiting]').waitFor()
    await page.click('#reconnect')
  }
  await page.locator('#connection', { hasText: /reconnecting in ([4-9]|\d\d) s/ }).waitFor()
  const second = await startDemo(undefined, ['--replicas', '2', '--listen', `127.0.0.1:${port}`])
  try {
    await page.locator('#connection[data-is=waiting]').waitFor()
    await page.click('#reconnect')
    await connection.and(page.locator('[data-is=open]')).waitFor({ timeout: 3000 })
    assert.equal(await page.locator('#reconnect').isDisabled(), true)
    assert.match(
      (await page.textContent('#story')) ?? '',
      new RegExp(`^Your socket was at ${home}\\. .*You reconnected`),
    )
    assert.equal((await echo.pressTimes('queue', 2)).length, 4)
    assert.deepEqual(echo.faults, [])
  } finally {
    await stopDemo(second)
  }
})

for (const [what, options] of [
  ['a phone', { viewport: { width: 360, height: 800 }, hasTouch: true }],
  ['a wide screen', { viewport: { width: 1440, height: 900 } }],
  ['a phone, in the dark', { viewport: { width: 360, height: 800 }, colorScheme: 'dark' as const }],
] as const) {
  test(`on ${what} nothing is cut off, too small to touch, too pale to read, or moves when answers come`, async () => {
    await using echo = await openEchoPage(stage.browser, stage.demo.url, options)
    const { page } = echo
    const places = () =>
      page
        .locator('button, input, dd, h2')
        .evaluateAll((all) => all.map((each) => String(Object.values(each.getBoundingClientRect().toJSON()))))
    // The others are shown as soon as the controls have told of them.
    await page.locator('.replica').nth(2).waitFor()
    const heights = await page.locator('.replica').evaluateAll((all) => all.map((each) => each.offsetHeight))
    assert.equal(new Set(heights).size, 1, `boxes of ${heights} pixels`)
    assert.ok((await page.locator('#replicas').evaluate((list) => list.offsetHeight)) === heights[0])
    const before = await places()
    await echo.pressTimes('memory', 3)
    await page.evaluate('scrollTo(0, 0)')
    assert.deepEqual(await places(), before)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false)
    const faults = await page.evaluate(pageFaults)
    assert.deepEqual(faults, [])
    assert.deepEqual(echo.faults, [])
  })
}

test('who prefers less motion sees lines instead of moving dots', async () => {
  await using echo = await openEchoPage(stage.browser, stage.demo.url, { reducedMotion: 'reduce' })
  const { page } = echo
  await echo.press('http')
  await page.locator('.lit').first().waitFor({ state: 'attached' })
  assert.equal(await page.locator('.dot').count(), 0)
  await page.locator('.lit').first().waitFor({ state: 'detached' })
  await using moving = await openEchoPage(stage.browser, stage.demo.url)
  await moving.press('http')
  await moving.page.locator('.dot').first().waitFor({ state: 'attached' })
  assert.equal(await moving.page.locator('.lit').count(), 0)
})

/**
 * What an accessibility checker would say: names, labels, ids that are there once, sizes of targets (WCAG 2.5.8), and
 * contrast of text (1.4.3).
 */
const pageFaults = `(() => {
  const faults = []
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push('twice: ' + id)
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'for'])
    for (const each of document.querySelectorAll('[' + attribute + ']'))
      for (const id of each.getAttribute(attribute).split(' '))
        if (!ids.includes(id)) faults.push('points nowhere: ' + id)
  for (const each of document.querySelectorAll('button, input')) {
    const name = each.ariaLabel || each.textContent.trim() || [...(each.labels ?? [])].map((label) => label.textContent).join('')
    if (name === '') faults.push('no name: ' + each.outerHTML)
    const target = each.closest('li:has(.way), label') ?? each
    const { width, height } = target.getBoundingClientRect()
    if (width < 24 || height < 24) faults.push('small: ' + name + ' ' + width + ' ' + height)
  }
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const value = part / 255
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const groundOf = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const ground = getComputedStyle(at).backgroundColor
      if (!/, 0\\)$/.test(ground)) return ground
    }
  }
  for (const each of document.querySelectorAll('body *')) {
    const hasText = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (!hasText || !each.checkVisibility({ visibilityProperty: true }) || each.tagName === 'NOSCRIPT') continue
    const [a, b] = [light(getComputedStyle(each).color), light(groundOf(each))]
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < 4.5) faults.push('pale: ' + each.textContent.slice(0, 30) + ' ' + contrast.toFixed(2))
    if (each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflow === 'visible' && each.clientWidth > 0)
      faults.push('cut off: ' + each.textContent.slice(0, 40))
  }
  return faults
})()`

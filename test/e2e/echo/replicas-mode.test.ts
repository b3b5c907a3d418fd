/** The demo's page in a real browser, before replicas that the router balances: what `npm start` brings up. */
import { after, before } from 'node:test'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../../kit/browser.ts'
import { type RunningDemo, startDemo, stopDemo } from '../demo-process.ts'
import { testSixWays } from './six-ways.ts'

let browser: Browser
let demo: RunningDemo
before(async () => {
  browser = await startBrowser()
  demo = await startDemo()
})
after(async () => {
  await browser?.close()
  if (demo !== undefined) await stopDemo(demo)
})

testSixWays(() => ({ browser, url: demo.url, replicas: 3 }))

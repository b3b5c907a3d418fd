import { after, before } from 'node:test'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../../kit/browser.ts'
import { type RunningDemo, startDemo, stopDemo } from '../demo-process.ts'

/** The demo and a browser for all tests of a file; both are there once its tests begin. */
export function demoInBrowser(): { readonly browser: Browser; readonly demo: RunningDemo } {
  const parts: { browser?: Browser; demo?: RunningDemo } = {}
  before(async () => {
    parts.browser = await startBrowser()
    parts.demo = await startDemo()
  })
  after(async () => {
    await parts.browser?.close()
    if (parts.demo !== undefined) await stopDemo(parts.demo)
  })
  return {
    get browser() {
      return parts.browser!
    },
    get demo() {
      return parts.demo!
    },
  }
}

/** The demo's page in a real browser, before replicas that the router balances: what `npm start` brings up. */
import { demoInBrowser } from './demo-in-browser.ts'
import { testSixWays } from './six-ways.ts'

const stage = demoInBrowser()

testSixWays(() => ({ browser: stage.browser, url: stage.demo.url, replicas: 3 }))

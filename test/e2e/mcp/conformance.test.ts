import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  type Front,
  noFront,
  roundRobinFront,
  routerFront,
  twoRoutersFront,
  twoRoutersWithStoreFront,
} from '../../kit/mcp/front.ts'
import { type ServerKind, startMcpServers } from '../../kit/mcp/servers.ts'
import { installMcpTools } from '../../kit/mcp/tools.ts'
import { differences, runConformance, type SuiteChoice, tallyOf, type Verdict } from './conformance-run.ts'

interface Suite extends SuiteChoice {
  readonly name: string
  readonly kind: ServerKind
  readonly passesAlone: number
}

const suites: readonly Suite[] = [
  {
    name: 'of 2025-11-25',
    program: 'conformance-0.2',
    args: ['--requirements', '2025-11-25'],
    kind: 'v2',
    passesAlone: 84,
  },
  {
    name: 'of 2026-07-28',
    program: 'conformance-0.2',
    args: ['--requirements', '2026-07-28'],
    kind: 'v2',
    passesAlone: 196,
  },
  {
    name: 'of all that version 0.1 has, with a server of the first SDK',
    program: 'conformance-0.1',
    args: ['--suite', 'all'],
    kind: 'v1',
    passesAlone: 44,
  },
]

/** What stands before how many replicas, and what it can't do there. */
const fronts: readonly (readonly [string, number, Front, RegExp])[] = [
  ['a router and two replicas', 2, routerFront, /^$/],
  ['a router and three replicas', 3, routerFront, /^$/],
  // Where a task lives is learned, and nothing that its client sends tells it to the other router.
  ['two routers in turn and three replicas', 3, twoRoutersFront, /^tasks-/],
  ['two routers in turn that share a store, and three replicas', 3, twoRoutersWithStoreFront, /^$/],
]

before(() => installMcpTools())

for (const suite of suites) {
  // The suite waits most of its time, for tasks and streams.
  describe(`the official conformance suite ${suite.name}`, { concurrency: 2 }, () => {
    let baseline: Verdict[]

    const runBehind = async (front: Front, count: number): Promise<Verdict[]> => {
      await using servers = await startMcpServers(suite.kind, count)
      await using running = await front(servers)
      return await runConformance(suite, `${running.url}/mcp`)
    }

    before(async () => {
      baseline = await runBehind(noFront, 1)
    })

    test('passes without a front', (context) => {
      context.diagnostic(JSON.stringify(tallyOf(baseline)))
      const failed = baseline.filter(({ status }) => status === 'FAILURE')
      assert.deepEqual(failed, [])
      assert.equal(tallyOf(baseline).SUCCESS, suite.passesAlone)
    })

    for (const [name, count, front, unable] of fronts)
      test(`says behind ${name} what it says without`, async (context) => {
        const verdicts = await runBehind(front, count)
        context.diagnostic(JSON.stringify(tallyOf(verdicts)))
        const found = differences(baseline, verdicts).filter((difference) => !unable.test(difference))
        assert.deepEqual(found, [])
      })

    test('says something else behind a front that knows no sessions', async (context) => {
      const verdicts = await runBehind(roundRobinFront, 2)
      context.diagnostic(JSON.stringify(tallyOf(verdicts)))
      assert.ok(differences(baseline, verdicts).length >= 1)
    })
  })
}

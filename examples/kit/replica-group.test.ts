import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../../test/kit/process.ts'
import { ReplicaGroup, type ReplicaRoute } from './replica-group.ts'
import { replicaNames } from './replica-names.ts'

const script = fileURLToPath(new URL('replica.fixture.ts', import.meta.url))

/** The lists that a router would have got. */
const routes: (readonly ReplicaRoute[])[] = []
const lines: string[] = []
let group: ReplicaGroup

before(async () => {
  group = new ReplicaGroup({
    script,
    say: (line) => lines.push(line),
    drainMs: 300,
    minBackoffMs: 300,
    route: async (list) => void routes.push(list),
    onChange: () => {},
  })
  await group.start(2)
})
after(() => group.stop())

function lastRoutes(): string[] {
  return routes.at(-1)!.map(({ name, drain }) => (drain ? `${name} drains` : name))
}

function states(): string[] {
  return group.views.map(({ name, state }) => `${name} ${state}`)
}

test('a replica is added under the first free name, and routed to when it listens', async () => {
  const added = group.add()
  assert.deepEqual(states(), ['otter ready', 'seal ready', 'heron starting'])
  assert.deepEqual(lastRoutes(), ['otter', 'seal'])
  await added
  assert.deepEqual(states(), ['otter ready', 'seal ready', 'heron ready'])
  assert.deepEqual(lastRoutes(), ['otter', 'seal', 'heron'])
})

test('a drained replica is told to the router, and goes when its time is over', async () => {
  const { pid } = group.views.find(({ name }) => name === 'seal')!
  await group.drain('seal')
  await group.drain('seal')
  assert.deepEqual(lastRoutes(), ['otter', 'seal drains', 'heron'])
  assert.deepEqual(states(), ['otter ready', 'seal draining', 'heron ready'])
  await until('it is gone', () => lastRoutes().length === 2)
  assert.deepEqual(states(), ['otter ready', 'heron ready'])
  await until('its process has ended', () => !isAlive(pid))
  await group.add()
  assert.deepEqual(lastRoutes(), ['otter', 'heron', 'seal'])
})

test('a killed replica stays in the list, and is started again', async () => {
  const { pid } = group.views[0]!
  group.kill('otter')
  await until('it is dead', () => group.views[0]!.state === 'dead')
  assert.throws(() => group.kill('otter'), { code: 'DEMO_DEAD' })
  await until('it is back', () => group.views[0]!.state === 'ready')
  assert.notEqual(group.views[0]!.pid, pid)
  assert.deepEqual(lastRoutes(), ['otter', 'heron', 'seal'])
})

test('a replica that dies while it drains is not started again', async () => {
  await group.drain('seal')
  group.kill('seal')
  await until('it is gone', () => group.views.length === 2)
  assert.deepEqual(lastRoutes(), ['otter', 'heron'])
  assert.equal(lines.at(-1), 'replica seal died (SIGKILL)')
})

test('the last one that takes sessions is not drained, and there is a most', async () => {
  await group.drain('otter')
  await assert.rejects(group.drain('heron'), { code: 'DEMO_LAST' })
  await assert.rejects(group.drain('whale'), { code: 'DEMO_UNKNOWN' })
  assert.throws(() => group.kill('toString'), { code: 'DEMO_UNKNOWN' })
  await until('otter is gone', () => group.views.length === 1)
  await Promise.all(replicaNames.slice(1).map(() => group.add()))
  await assert.rejects(group.add(), { code: 'DEMO_FULL' })
  assert.deepEqual(new Set(lastRoutes()), new Set(replicaNames))
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FleetService } from './fleet.ts'
import { ReplicaNames } from './replica-names.ts'

function services(ids: Readonly<Record<string, number>>): FleetService[] {
  const replicas = Object.entries(ids).map(([name, id]) => ({ config: { name }, id, slot: id }))
  return [{ config: { name: 'app' }, index: 0, replicas }] as unknown as FleetService[]
}

test('ids of replicas have names that all routers know, by the config in force', () => {
  let current = services({ a: 1, b: 2 })
  const names = new ReplicaNames(() => current)
  assert.deepEqual(names.nameOf(2), { service: 'app', replica: 'b' })
  assert.equal(names.idOf({ service: 'app', replica: 'a' }), 1)
  assert.equal(names.idOf({ service: 'web', replica: 'a' }), -1)
  current = services({ b: 2, a: 17 })
  assert.deepEqual([names.nameOf(1), names.idOf({ service: 'app', replica: 'a' })], [undefined, 17])
})

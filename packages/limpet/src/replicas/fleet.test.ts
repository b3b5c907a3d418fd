import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { configFromInput } from '../config/load.ts'
import type { Config, ServiceInput } from '../config/schema.ts'
import { CounterReader, Counters, createCounterMemory } from '../observe/counters.ts'
import { Fleet } from './fleet.ts'
import { createBoardMemory, ReplicaBoard } from './replica-board.ts'
import { MAX_SLOTS, slotOf } from './replica-id.ts'

function configOf(
  services: Readonly<Record<string, readonly string[]>>,
  more: Partial<ServiceInput> = {},
): Config {
  return configFromInput({
    workers: 0,
    services: Object.entries(services).map(([name, replicas]) => ({
      name,
      match: { path: `/${name}` },
      replicas: replicas.map((replica, index) => ({ url: `http://127.0.0.1:${index + 1}`, name: replica })),
      health: 'off',
      ...more,
    })),
  })
}

function fleetOf() {
  const memory = createCounterMemory(MAX_SLOTS)
  const board = new ReplicaBoard(createBoardMemory(1), 0)
  const reader = new CounterReader([memory])
  return {
    board,
    counters: new Counters(memory),
    reader,
    fleet: new Fleet(board, reader, pino({ level: 'silent' })),
  }
}

describe('the fleet', () => {
  test('puts new replicas on the board before threads route by them, and takes old ones off after', () => {
    const { board, fleet } = fleetOf()
    const [[a, b] = []] = fleet.admit(configOf({ app: ['a', 'b'] })).replicaIds
    assert.deepEqual([board.takesNew(slotOf(a!)), board.takesNew(slotOf(b!))], [true, true])
    fleet.settle(configOf({ app: ['a', 'b'] }))
    const next = configOf({ app: ['b', 'c'] })
    const [[sameB, c] = []] = fleet.admit(next).replicaIds
    assert.equal(sameB, b)
    assert.deepEqual([board.takesNew(slotOf(a!)), board.takesNew(slotOf(c!))], [true, true])
    fleet.settle(next)
    assert.deepEqual([board.whyUnusable(slotOf(a!)), board.whyUnusable(slotOf(b!))], ['removed', undefined])
    assert.deepEqual(
      fleet.services[0]!.replicas.map(({ config }) => config.name),
      ['b', 'c'],
    )
  })

  test('does not put a replica that is down back up because the config was reloaded', () => {
    const { board, fleet } = fleetOf()
    const config = configOf({ app: ['a'] }, { health: { interval: '1h' } })
    fleet.settle(config)
    const { slot } = fleet.services[0]!.replicas[0]!
    board.setHealth(slot, 'down')
    fleet.settle(configOf({ app: ['a'] }, { health: { interval: '1h' }, ttl: '5m' }))
    assert.equal(board.isDown(slot), true)
    // Where nothing checks it any more, nothing could ever bring it back.
    fleet.settle(configOf({ app: ['a'] }))
    assert.equal(board.isDown(slot), false)
    fleet.stop()
  })

  test('starts the numbers of services and replicas that go anew for those that come', () => {
    const { counters, reader, fleet } = fleetOf()
    fleet.settle(configOf({ one: ['a'], two: ['a'] }))
    const [one, two] = fleet.services
    counters.request(one!.replicas[0]!.slot, 0, 200, 1, 1)
    counters.retried(one!.index, 1)
    counters.retried(two!.index, 1)
    fleet.settle(configOf({ two: ['a'], three: ['a'] }))
    assert.equal(fleet.services[0]!.index, two!.index)
    assert.equal(reader.service(two!.index).retries, 1)
    assert.equal(reader.service(fleet.services[1]!.index).retries, 0)
    assert.equal(reader.replica(one!.replicas[0]!.slot).requestBytes, 0)
  })

  test('drains what the config says, for as long as it says, and has it take sessions again', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const { board, fleet } = fleetOf()
      const drained = (drainTimeout: string, ...names: readonly string[]) => {
        const replicas = ['a', 'b'].map((name, at) => ({
          url: `http://127.0.0.1:${at + 1}`,
          name,
          drain: names.includes(name),
        }))
        return configOf({ app: [] }, { replicas, drainTimeout })
      }
      fleet.settle(drained('1s', 'a'))
      const [a, b] = fleet.services[0]!.replicas.map(({ slot }) => slot) as [number, number]
      assert.deepEqual([board.mode(a), board.mode(b)], ['draining', 'ready'])
      mock.timers.tick(1001)
      assert.deepEqual([board.mode(a), board.mode(b)], ['drained', 'ready'])
      fleet.settle(drained('off', 'a', 'b'))
      assert.deepEqual([board.mode(a), board.mode(b)], ['draining', 'draining'])
      fleet.settle(drained('1s'))
      mock.timers.tick(10_000)
      assert.deepEqual([board.mode(a), board.mode(b)], ['ready', 'ready'])
      fleet.settle(drained('1s', 'a'))
      fleet.settle(configOf({ app: ['b'] }))
      mock.timers.tick(10_000)
      assert.deepEqual([board.mode(a), board.mode(b)], [undefined, 'ready'])
      fleet.settle(configOf({ app: ['b', 'c'] }))
      assert.equal(board.mode(fleet.services[0]!.replicas[1]!.slot), 'ready')
      mock.timers.tick(10_000)
      assert.equal(board.mode(fleet.services[0]!.replicas[1]!.slot), 'ready')
      fleet.stop()
    } finally {
      mock.timers.reset()
    }
  })

  test('holds a replica down, over checks and reloads, until it is released', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { board, fleet } = fleetOf()
    const config = (more: Partial<ServiceInput> = {}) =>
      configOf(
        { app: [] },
        {
          replicas: [{ url: `http://127.0.0.1:${port}`, name: 'a' }],
          health: { interval: '1ms', unhealthy: 1 },
          ...more,
        },
      )
    fleet.settle(config())
    const { slot } = fleet.services[0]!.replicas[0]!
    const checked = () => once(server, 'connection')
    await checked()
    fleet.hold('app', 'a')
    fleet.hold('app', 'unknown')
    assert.equal(board.isDown(slot), true)
    fleet.settle(config({ replicas: [{ url: `http://127.0.0.1:${port}`, name: 'a', drain: true }] }))
    fleet.settle(config({ health: 'off' }))
    fleet.settle(config())
    // Time enough for what was under way, and for many checks if they went on.
    await sleep(30)
    assert.equal(board.isDown(slot), true)

    fleet.release('app', 'a')
    assert.equal(board.isDown(slot), false)
    await checked()
    await checked()
    server.close()
    const down = Promise.withResolvers<void>()
    const watch = setInterval(() => board.isDown(slot) && down.resolve(), 1)
    await down.promise
    clearInterval(watch)
    fleet.stop()
  })
})

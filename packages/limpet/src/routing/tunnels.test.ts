import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import type { TunnelEnd } from '../observe/counters.ts'
import { createBoardMemory, ReplicaBoard } from '../replicas/replica-board.ts'
import { type LeavingTunnel, leaveShare, Tunnels } from './tunnels.ts'

const START_MS = 1_700_000_000_000

describe('the tunnels of a thread', () => {
  let board: ReplicaBoard
  let tunnels: Tunnels
  let left: Map<string, [why: TunnelEnd, afterMs: number]>

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval', 'Date'], now: START_MS })
    board = new ReplicaBoard(createBoardMemory(1), 0)
    tunnels = new Tunnels(board)
    left = new Map()
    serve('ab')
  })

  afterEach(() => {
    tunnels.stop()
    mock.timers.reset()
  })

  function pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) mock.timers.tick(100)
  }

  /** Routes by these replicas, each in the slot of its place in the alphabet. */
  function serve(names: string): void {
    const replicas = [...names].map((name) => ({ name, slot: name.charCodeAt(0) - 97 }))
    for (const { slot } of replicas) if (board.mode(slot) === undefined) board.add(slot, 'ready')
    const available = (place: number) => board.takesNew(replicas[place]!.slot)
    tunnels.configure([{ config: { name: 'app' }, replicas: { replicas: replicas as never, available } }])
  }

  /** A tunnel that leaves when it is told to. */
  function open(name: string, replica: string, more: { share?: number; stays?: boolean } = {}): () => void {
    const close = (): void => tunnels.remove(tunnel)
    const tunnel: LeavingTunnel = {
      tunnel: {
        leave(why) {
          left.set(name, [why, Date.now() - START_MS])
          close()
        },
      },
      serviceName: 'app',
      replicaName: replica,
      share: 1,
      stays: false,
      useAtMs: Number.POSITIVE_INFINITY,
      use: () => assert.fail('not yet'),
      ...more,
    }
    tunnels.add(tunnel)
    return close
  }

  function drain(slot: number, forMs: number): void {
    board.setMode(slot, 'draining')
    board.setDrain(slot, Date.now(), Date.now() + forMs)
  }

  test('stay while their replica does', () => {
    open('x', 'a')
    pass(1_000_000)
    assert.equal(left.size, 0)
  })

  test('leave a replica that drains spread over its drain time, and no other', () => {
    for (let nth = 1; nth <= 100; nth++) open(`${nth}`, 'a', { share: nth / 100 })
    open('other', 'b')
    drain(0, 10_000)
    pass(5000)
    assert.equal(left.size, 50)
    pass(5000)
    assert.equal(left.size, 100)
    for (let nth = 1; nth <= 100; nth++) assert.deepEqual(left.get(`${nth}`), ['drained', nth * 100])
  })

  test('stay at a replica that may drain for ever', () => {
    open('x', 'a')
    drain(0, Number.POSITIVE_INFINITY)
    pass(1_000_000)
    assert.equal(left.size, 0)
  })

  test('of a drain that is called off stay', () => {
    open('x', 'a')
    drain(0, 1000)
    pass(900)
    board.setMode(0, 'ready')
    pass(10_000)
    assert.equal(left.size, 0)
  })

  for (const why of ['down', 'removed'] as const) {
    test(`leave a replica that is ${why} within seconds, not all at once`, () => {
      for (let nth = 1; nth <= 10; nth++) open(`${nth}`, 'a', { share: nth / 10 })
      if (why === 'down') board.setHealth(0, 'down')
      else serve('b')
      pass(2600)
      assert.ok(left.size >= 4 && left.size <= 6, `${left.size}`)
      pass(3000)
      assert.equal(left.size, 10)
      assert.equal(left.get('10')![0], why)
    })
  }

  test('stay where a replica is up again in time', () => {
    open('x', 'a')
    board.setHealth(0, 'down')
    pass(4000)
    board.setHealth(0, 'up')
    pass(100)
    board.setHealth(0, 'down')
    pass(4000)
    assert.equal(left.size, 0)
    pass(2000)
    assert.equal(left.get('x')![0], 'down')
  })

  test('wait for somewhere to go', () => {
    open('x', 'a')
    drain(0, 1000)
    board.setHealth(1, 'down')
    pass(5000)
    assert.equal(left.size, 0)
    serve('abc')
    pass(100)
    assert.deepEqual(left.get('x'), ['drained', 5100])
  })

  test('of sessions that stay with their replica stay, until the router stops', () => {
    open('x', 'a', { stays: true, share: 0.5 })
    board.setHealth(0, 'down')
    pass(60_000)
    assert.equal(left.size, 0)
    tunnels.leaveAll(2000)
    pass(900)
    assert.equal(left.size, 0)
    pass(100)
    assert.deepEqual(left.get('x'), ['restart', 61_000])
  })

  test('keep their sessions in use', () => {
    const uses: number[] = []
    const tunnel = {
      tunnel: { leave: () => assert.fail('it stays') },
      serviceName: 'app',
      replicaName: 'a',
      share: 1,
      stays: false,
      useAtMs: START_MS + 1000,
      use(nowMs: number) {
        uses.push(nowMs - START_MS)
        tunnel.useAtMs = nowMs + 1000
      },
    }
    tunnels.add(tunnel)
    pass(3500)
    assert.deepEqual(uses, [1000, 2000, 3000])
  })

  test('cost nothing when they are closed', () => {
    const closes = [open('x', 'a'), open('y', 'a'), open('z', 'b')]
    for (const close of closes) close()
    drain(0, 100)
    pass(10_000)
    assert.equal(left.size, 0)
  })
})

describe('the order of leaving', () => {
  test('is the same for all tunnels of a session, and above 0 for each', () => {
    assert.equal(leaveShare(new Uint32Array([1, 2, 3, 2 ** 31 - 1])), 0.5)
    assert.ok(leaveShare(new Uint32Array(4)) > 0)
    assert.equal(leaveShare(new Uint32Array([0, 0, 0, 2 ** 32 - 1])), 1)
    for (let times = 0; times < 100; times++) {
      const share = leaveShare(undefined)
      assert.ok(share > 0 && share <= 1)
    }
  })
})

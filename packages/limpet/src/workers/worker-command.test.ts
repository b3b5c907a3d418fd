import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commandOf } from './worker-command.ts'
import type { WorkerPlace } from './worker-places.ts'

const port: WorkerPlace = { kind: 'port', port: 4711, url: 'http://127.0.0.1:4711' }
const socket: WorkerPlace = { kind: 'socket', path: '/t/1.sock', url: 'unix:/t/1.sock' }

describe("a worker's command", () => {
  test('has its arguments filled in, and nothing else', () => {
    const command = ['{port}', '--port={port}', '{worker}{worker}', '{socket}', '{else}', '$&']
    const { file, args } = commandOf(command, 'worker-1', port, {})
    assert.equal(file, '{port}')
    assert.deepEqual(args, ['--port=4711', 'worker-1worker-1', '{socket}', '{else}', '$&'])
    assert.deepEqual(commandOf(['x', '{socket}', '{port}'], 'worker-1', socket, {}).args, [
      '/t/1.sock',
      '{port}',
    ])
  })

  test('is told by its environment where to listen, by one name only', () => {
    const inherited = { PORT: '80', LIMPET_SOCKET: '/old', HOME: '/root' }
    assert.deepEqual(commandOf(['x'], 'worker-1', port, inherited).env, {
      HOST: '127.0.0.1',
      HOME: '/root',
      LIMPET_WORKER: 'worker-1',
      PORT: '4711',
    })
    assert.deepEqual(commandOf(['x'], 'worker-1', socket, { ...inherited, HOST: '::1' }).env, {
      HOST: '::1',
      HOME: '/root',
      LIMPET_WORKER: 'worker-1',
      LIMPET_SOCKET: '/t/1.sock',
    })
  })

  test("gets none of the router's secrets", () => {
    const secrets = {
      LIMPET_KEYS: 'a',
      LIMPET_ADMIN_TOKEN: 'b',
      LIMPET_STORE_PASSWORD: 'c',
      LIMPET_STORE_SENTINEL_PASSWORD: 'd',
    }
    const { env } = commandOf(['x'], 'worker-1', port, { ...secrets, LIMPET_REPLICA_STORE: 'redis://a' })
    assert.deepEqual(Object.keys(env).sort(), ['HOST', 'LIMPET_REPLICA_STORE', 'LIMPET_WORKER', 'PORT'])
  })
})

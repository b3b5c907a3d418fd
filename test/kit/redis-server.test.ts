import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { within } from './process.ts'
import { startRedis } from './redis-server.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('a Redis server starts, hangs, ends and starts anew at its port', { timeout: 300_000 }, async () => {
  await using redis = await startRedis()
  assert.equal(await redis.call('PING'), '+PONG\r\n')
  assert.equal(await redis.call('SET', 'a', '1'), '+OK\r\n')
  redis.pause()
  await assert.rejects(within(300, 'an answer', redis.call('PING')), /not within 300 ms/)
  redis.resume()
  assert.equal(await redis.call('GET', 'a'), '$1\r\n1\r\n')
  const first = redis.pid
  await redis.stop()
  await assert.rejects(redis.call('PING'), /ECONNREFUSED/)
  await redis.restart()
  assert.notEqual(redis.pid, first)
  assert.equal(await redis.call('GET', 'a'), '$-1\r\n')
})

test('it can want a password and speak TLS', { timeout: 300_000 }, async () => {
  const tls = { certificate: file('localhost-certificate.pem'), key: file('localhost-key.pem') }
  await using redis = await startRedis({ password: 'a b', tls })
  assert.match(redis.url, /^rediss:\/\/:a%20b@127\.0\.0\.1:\d+$/)
  assert.equal(await redis.call('PING'), '+PONG\r\n')
  const socket = connect({ port: redis.port, rejectUnauthorized: false })
  socket.write('PING\r\n')
  const [refused] = await within(5000, 'an answer', once(socket, 'data'))
  socket.destroy()
  assert.match(String(refused), /^-NOAUTH/)
})

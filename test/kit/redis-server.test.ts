import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { within } from './process.ts'
import { startRedis } from './redis-server.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** What the server answers to one line. */
async function ask(port: number, line: string, ca?: string): Promise<string> {
  const socket =
    ca === undefined ? connect(port, '127.0.0.1') : connectTls({ port, rejectUnauthorized: false })
  try {
    socket.write(`${line}\r\n`)
    const [answer] = await within(5000, line, once(socket, 'data'))
    return String(answer)
  } finally {
    socket.destroy()
  }
}

test('a Redis server starts, hangs, ends and starts anew at its port', { timeout: 300_000 }, async () => {
  await using redis = await startRedis()
  assert.equal(await ask(redis.port, 'PING'), '+PONG\r\n')
  assert.equal(await ask(redis.port, 'SET a 1'), '+OK\r\n')
  redis.pause()
  await assert.rejects(within(300, 'an answer', ask(redis.port, 'PING')), /not within 300 ms/)
  redis.resume()
  assert.equal(await ask(redis.port, 'GET a'), '$1\r\n1\r\n')
  const first = redis.pid
  await redis.stop()
  await assert.rejects(ask(redis.port, 'PING'), /ECONNREFUSED/)
  await redis.restart()
  assert.notEqual(redis.pid, first)
  assert.equal(await ask(redis.port, 'GET a'), '$-1\r\n')
})

test('it can want a password and speak TLS', { timeout: 300_000 }, async () => {
  const tls = { certificate: file('localhost-certificate.pem'), key: file('localhost-key.pem') }
  await using redis = await startRedis({ password: 'a b', tls })
  assert.match(redis.url, /^rediss:\/\/:a%20b@127\.0\.0\.1:\d+$/)
  assert.match(await ask(redis.port, 'PING', tls.certificate), /^-NOAUTH/)
  assert.equal(await ask(redis.port, 'AUTH "a b"', tls.certificate), '+OK\r\n')
})

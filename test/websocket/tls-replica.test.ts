import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { within } from '../kit/process.ts'
import { openRaw, type RawSocket } from '../kit/raw-socket.ts'
import { startRouter } from '../kit/router.ts'

const file = (name: string): string => fileURLToPath(new URL(`../kit/${name}`, import.meta.url))
const certificate = file('localhost-certificate.pem')
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n'
const upgrade = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n'

interface SecureReplica extends AsyncDisposable {
  readonly url: string
  /** The connections that are open. */
  readonly sockets: ReadonlySet<TLSSocket>
}

/** Switches protocols at whatever comes first, and sends back what follows. */
async function startSecureReplica(): Promise<SecureReplica> {
  const sockets = new Set<TLSSocket>()
  const identity = { key: readFileSync(file('localhost-key.pem')), cert: readFileSync(certificate) }
  const server = createServer({ ...identity, ALPNProtocols: ['http/1.1'] }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(switching)
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString() === 'break') socket.destroy()
        else socket.write(chunk)
      })
    })
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function openTunnel(port: number): Promise<RawSocket> {
  const client = await openRaw(port)
  client.send(upgrade)
  await client.receives('101 Switching')
  return client
}

describe('a tunnel to a replica with TLS', () => {
  test('ends at both ends however it ends at one, and the other tunnels of its thread stay', async () => {
    await using replica = await startSecureReplica()
    await using router = await startRouter({
      workers: 1,
      env: { NODE_EXTRA_CA_CERTS: certificate },
      config: `services: [{ name: app, health: off, replicas: ["${replica.url}"] }]`,
    })
    using bystander = await openTunnel(router.port)
    const [untouched] = replica.sockets
    for (const how of ['reset', 'fin', 'replica'] as const) {
      using client = await openTunnel(router.port)
      client.send(`echo ${how}`)
      await client.receives(`echo ${how}`)
      const socket = [...replica.sockets].find((each) => each !== untouched)!
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
      if (how === 'reset') client.socket.resetAndDestroy()
      else if (how === 'fin') client.socket.end()
      else client.send('break')
      await within(2000, `the replica's connection closes after ${how}`, closed)
      if (how !== 'reset') await client.ended()
    }
    bystander.send('still here')
    await bystander.receives('still here')
    assert.ok(!router.log.some(({ msg }) => String(msg).includes('worker thread died')))
    assert.equal((await router.metrics()).sum('limpet_tunnels'), 1)
  })
})

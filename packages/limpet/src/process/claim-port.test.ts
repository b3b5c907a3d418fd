import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { claimPort } from './claim-port.ts'

describe('claiming a port', () => {
  test('finds a free one where any will do, and leaves it free', async () => {
    const { host, port } = await claimPort({ host: '127.0.0.1', port: 0 }, '--listen')
    assert.equal(host, '127.0.0.1')
    assert.ok(port > 0)
    assert.deepEqual(await claimPort({ host, port }, '--listen'), { host, port })
  })

  test('is refused where another listens, even one that shares its port', async () => {
    await using server = createServer()
    server.listen({ host: '127.0.0.1', port: 0, reusePort: true })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await assert.rejects(claimPort({ host: '127.0.0.1', port }, '--listen'), {
      code: 'LIMPET_LISTEN_IN_USE',
      message: `Something else listens at 127.0.0.1:${port}. Stop it, or choose another address with --listen HOST:PORT.`,
    })
  })
})

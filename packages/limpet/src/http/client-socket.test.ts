import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { adoptClientSocket } from './client-socket.ts'
import { CopyingSocket, DirectSocket, ReadBuffer, type ReadingSocket } from './reading-socket.ts'

interface Pair {
  readonly server: Server
  readonly client: Socket
  readonly memory: ReadBuffer
  readonly adopted: ReadingSocket
}

/** A client, and the server's end of its connection as it was adopted; `prepare` sees what was accepted. */
async function adopt(prepare: (accepted: Socket) => void = () => {}): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = await accepted
  prepare(socket)
  const memory = new ReadBuffer()
  const adopted = adoptClientSocket(socket, memory)
  return { server, client, memory, adopted }
}

const kinds = [
  ['this Node', DirectSocket, () => {}],
  [
    'a Node whose handles have no buffer of ours',
    CopyingSocket,
    (socket: Socket) => {
      const { _handle } = socket as unknown as { _handle: { useUserBuffer: unknown } }
      _handle.useUserBuffer = undefined
    },
  ],
] as const

for (const [why, kind, prepare] of kinds)
  describe(`an accepted socket, with ${why}`, { timeout: 10_000 }, () => {
    test('reads into the buffer, with a 0 behind', async () => {
      const { server, client, memory, adopted } = await adopt(prepare)
      assert.ok(adopted instanceof kind)
      const read = Promise.withResolvers<string>()
      adopted.reader = {
        onBytes: (bytes, end) => {
          assert.equal(bytes, memory.bytes)
          assert.equal(bytes[end], 0)
          read.resolve(bytes.toString('latin1', 0, end))
        },
      }
      adopted.socket.resume()
      client.write('hello')
      assert.equal(await read.promise, 'hello')
      adopted.socket.write('and back')
      const [answer] = await once(client, 'data')
      assert.equal(String(answer), 'and back')
      client.destroy()
      server.close()
    })

    test('pauses and goes on, and tells its end and its close', async () => {
      const { server, client, adopted } = await adopt(prepare)
      let received = ''
      const reads = Promise.withResolvers<void>()
      adopted.reader = {
        onBytes: (bytes, end) => {
          received += bytes.toString('latin1', 0, end)
          if (received === 'onetwo') reads.resolve()
          else adopted.socket.pause()
        },
      }
      adopted.socket.resume()
      client.write('one')
      await once(adopted.socket, 'pause')
      client.write('two')
      adopted.socket.resume()
      await reads.promise
      client.end()
      await once(adopted.socket, 'end')
      const closed = once(adopted.socket, 'close')
      const last = once(client, 'data')
      adopted.socket.end('last')
      assert.equal(String((await last)[0]), 'last')
      await closed
      server.close()
      await once(server, 'close')
    })

    test('counts as the server’s connection until it is closed', async () => {
      const { server, client, adopted } = await adopt(prepare)
      adopted.reader = { onBytes: () => {} }
      const count = () =>
        new Promise((resolve, reject) =>
          server.getConnections((error, connections) => (error ? reject(error) : resolve(connections))),
        )
      assert.equal(await count(), 1)
      adopted.socket.destroy()
      await once(adopted.socket, 'close')
      assert.equal(await count(), 0)
      client.destroy()
      server.close()
    })
  })

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { responseBytes } from './generate.ts'
import { cuts, mutate } from './mutate.ts'
import { createRandom } from './random.ts'

/** A replica that answers each request with the bytes that its target's number is the seed of. */
export interface CarelessReplica {
  readonly port: number
  stop(): void
}

/** What the replica sends for `seed`, where it cuts that into writes, and what it does with its connection then. */
export function carelessAnswer(seed: number): {
  bytes: Buffer
  cuts: number[]
  after: 'keep' | 'end' | 'reset'
} {
  const random = createRandom(seed)
  const bytes = mutate(random, responseBytes(random))
  return {
    bytes,
    cuts: cuts(random, bytes.length).slice(0, 10).concat(bytes.length),
    after: random.pick(['keep', 'keep', 'keep', 'end', 'reset']),
  }
}

/** Starts one on 127.0.0.1. It keeps reading requests behind whatever it has answered. */
export async function startCarelessReplica(): Promise<CarelessReplica> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    let read = ''
    socket.on('error', () => {
      // The router may cut what it can't use.
    })
    socket.on('close', () => sockets.delete(socket))
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      read += text
      for (let end = read.indexOf('\r\n\r\n'); end !== -1; end = read.indexOf('\r\n\r\n')) {
        const seed = Number(/^\w+ \/(\d+)/.exec(read)?.[1])
        read = read.slice(end + 4)
        void send(socket, seed)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function send(socket: Socket, seed: number): Promise<void> {
  const answer = carelessAnswer(seed)
  let from = 0
  for (const to of answer.cuts) {
    if (to > from && !socket.destroyed) socket.write(answer.bytes.subarray(from, to))
    from = to
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (answer.after === 'end') socket.end()
  else if (answer.after === 'reset') socket.resetAndDestroy()
}

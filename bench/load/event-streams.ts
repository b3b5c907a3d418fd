import { connect, type Socket } from 'node:net'
import { nowUs } from './clock.ts'

/** Open event streams, whose chunks go to `onChunk` with the time that each took, in microseconds. */
export interface EventStreams {
  /** How many have ended though nobody closed them. */
  lost(): number
  close(): void
}

/** Opens event streams, each in a session of its own; resolves when the first chunk of each has come. */
export async function openEventStreams(
  port: number,
  count: number,
  onChunk: (latencyUs: number) => void,
): Promise<EventStreams> {
  const sockets: Socket[] = []
  let lost = 0
  let closing = false
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      sockets.push(socket)
      socket.write(`GET /stream HTTP/1.1\r\nhost: bench.example\r\nx-session: s-${index}\r\n\r\n`)
      await firstChunk(socket, onChunk)
      socket.once('close', () => {
        if (!closing) lost++
      })
    }),
  )
  return {
    lost: () => lost,
    close() {
      closing = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Reads a stream from now on; resolves with the first chunk and throws when none comes. */
function firstChunk(socket: Socket, onChunk: (latencyUs: number) => void): Promise<void> {
  return new Promise((done, fail) => {
    let carry = ''
    let headRead = false
    socket.on('error', fail)
    socket.once('close', () => fail(new Error('An event stream ended.')))
    socket.on('data', (data: Buffer) => {
      const text = carry + data.toString('latin1')
      if (!headRead) {
        if (!text.startsWith('HTTP/1.1 200')) fail(new Error(`Not an event stream: ${text.slice(0, 80)}`))
        headRead = true
      }
      const atUs = nowUs()
      let at = text.indexOf('data: ')
      while (at >= 0 && at + 22 <= text.length) {
        onChunk(atUs - Number(text.slice(at + 6, at + 22)))
        done()
        at = text.indexOf('data: ', at + 22)
      }
      // Proxies may cut anywhere: keep what could be the beginning of a chunk's time.
      carry = at >= 0 ? text.slice(at) : text.slice(-5)
    })
  })
}

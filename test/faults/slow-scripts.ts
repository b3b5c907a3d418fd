import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Script } from '../kit/scripted-replica.ts'

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n'
const eventHead = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'

/** A replica that is slow, silent or deaf, by path. */
export const slowScripts: Readonly<Record<string, Script>> = {
  '/hang': () => undefined,
  '/stall': ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome'),
  /** The head at once, two events with a silence longer than any timeout before each. */
  '/events': async ({ socket }) => {
    socket.write(eventHead)
    for (const data of ['first', 'second']) {
      await pause(1600)
      socket.write(`${(data.length + 8).toString(16)}\r\ndata: ${data}\n\n\r\n`)
    }
    socket.write('0\r\n\r\n')
  },
  '/flood': ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 30}\r\n\r\n`)
    flood(socket)
  },
  '/deaf': ({ socket }) => socket.pause(),
  '/slowly': async ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n')
    for (let sent = 0; sent < 8; sent++) {
      await pause(200)
      socket.write('x')
    }
  },
  '/tunnel': ({ socket }) => socket.write(switching),
  '/talking-tunnel': async ({ socket }) => {
    socket.write(switching)
    for (let sent = 0; sent < 8; sent++) {
      await pause(200)
      socket.write('t')
    }
  },
}

function flood(socket: Socket): void {
  const block = 'x'.repeat(65_536)
  const more = (): void => {
    while (!socket.destroyed && socket.write(block));
  }
  socket.on('drain', more)
  more()
}

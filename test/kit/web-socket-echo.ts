import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers an upgrade as RFC 6455 §4.2.2 wants it, greets with `name` and sends each text frame back with it. */
export function echoWebSocket(request: IncomingMessage, socket: Duplex, name: string): void {
  const key = String(request.headers['sec-websocket-key'])
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.write(textFrame(name))
  let held = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    // Clients mask, and these tests send fewer than 126 bytes a frame.
    while (held.length >= 6 && held.length >= 6 + (held[1]! & 0x7f)) {
      const length = held[1]! & 0x7f
      const mask = held.subarray(2, 6)
      const text = Buffer.from(held.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]!))
      const opcode = held[0]! & 0x0f
      held = held.subarray(6 + length)
      if (opcode === 8) socket.end(Buffer.from([0x88, 0]))
      else socket.write(textFrame(`${name}:${text}`))
    }
  })
  socket.on('error', () => socket.destroy())
}

function textFrame(text: string): Buffer {
  const content = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x81, content.length]), content])
}

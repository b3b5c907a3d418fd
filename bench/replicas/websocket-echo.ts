import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'

/** Accepts a WebSocket handshake (RFC 6455, section 4.2.2). */
export function acceptUpgrade(socket: Socket, head: string): void {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const lines = ['HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: Upgrade']
  socket.write(`${lines.join('\r\n')}\r\nsec-websocket-accept: ${accept}\r\n\r\n`, 'latin1')
}

/** Sends each frame of up to 125 bytes back with its mask removed (RFC 6455, section 5.3); longer ones end the tunnel. */
export function echoFrames(socket: Socket, first: Buffer): void {
  let pending = first
  const drain = () => {
    let at = 0
    while (pending.length - at >= 2) {
      const length = pending[at + 1]! & 0x7f
      if (length > 125) return socket.destroy()
      const end = at + 6 + length
      if (pending.length < end) break
      const frame = Buffer.allocUnsafe(2 + length)
      frame[0] = pending[at]!
      frame[1] = length
      for (let index = 0; index < length; index++) {
        frame[2 + index] = pending[at + 6 + index]! ^ pending[at + 2 + (index & 3)]!
      }
      socket.write(frame)
      at = end
    }
    pending = pending.subarray(at)
  }
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    drain()
  })
  drain()
}

import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { nowUs } from './clock.ts'

/** Bytes of a message's payload. */
export const messageBytes = 64

/** A WebSocket tunnel on a raw socket. */
export interface Tunnel {
  /** Sends a message that carries the time. */
  send(): void
  /** Resolves with the next echo. */
  echoed(): Promise<void>
  closed(): boolean
  close(): void
}

/**
 * Opens a tunnel in a session of its own (RFC 6455, section 4.1); resolves after the handshake. Each echo calls
 * `onEcho` with the time since its message was sent, in microseconds.
 */
export async function openTunnel(
  port: number,
  session: number,
  onEcho: (latencyUs: number) => void,
): Promise<Tunnel> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const key = randomBytes(16).toString('base64')
  const lines = ['GET /ws HTTP/1.1', 'host: bench.example', `x-session: s-${session}`, 'upgrade: websocket']
  lines.push('connection: Upgrade', 'sec-websocket-version: 13', `sec-websocket-key: ${key}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  let waiting: () => void = () => {}
  let closed = false
  const rest = await readUpgrade(socket)
  readFrames(socket, rest, (latencyUs) => {
    onEcho(latencyUs)
    waiting()
  })
  socket.once('close', () => {
    closed = true
  })
  return {
    send: () => socket.write(message()),
    echoed: () =>
      new Promise((done, fail) => {
        waiting = done
        socket.once('close', () => fail(new Error('A tunnel was closed.')))
      }),
    closed: () => closed,
    close: () => socket.destroy(),
  }
}

/** A text frame, masked as clients must, with a key of zeros, which leaves the payload as it is. */
function message(): Buffer {
  const frame = Buffer.alloc(6 + messageBytes, 0x61)
  frame[0] = 0x81
  frame[1] = 0x80 | messageBytes
  frame.fill(0, 2, 6)
  frame.write(String(nowUs()).padStart(16, '0'), 6, 'latin1')
  return frame
}

function readUpgrade(socket: Socket): Promise<Buffer> {
  return new Promise((done, fail) => {
    let text = Buffer.alloc(0)
    const onData = (data: Buffer) => {
      text = Buffer.concat([text, data])
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.off('data', onData)
      if (text.toString('latin1', 0, 12) === 'HTTP/1.1 101') done(text.subarray(end + 4))
      else fail(new Error(`No tunnel: ${text.toString('latin1', 0, 80)}`))
    }
    socket.on('data', onData)
    socket.on('error', fail)
    socket.once('close', () => fail(new Error('A tunnel was closed during its handshake.')))
  })
}

/** Reads unmasked frames with `messageBytes` of payload. */
function readFrames(socket: Socket, first: Buffer, onEcho: (latencyUs: number) => void): void {
  const frameBytes = 2 + messageBytes
  let pending = first
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data])
    const atUs = nowUs()
    let at = 0
    for (; pending.length - at >= frameBytes; at += frameBytes) {
      if (pending[at + 1] !== messageBytes) return socket.destroy()
      onEcho(atUs - Number(pending.toString('latin1', at + 2, at + 18)))
    }
    pending = pending.subarray(at)
  })
}

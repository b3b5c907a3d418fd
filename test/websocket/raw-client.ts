import { once } from 'node:events'
import { connect } from 'node:net'
import { within } from '../kit/process.ts'
import type { EchoServer, ServerConnection } from './echo-server.ts'
import { type End, record } from './recording.ts'

/** Waits that should never be needed in full. */
const PATIENCE_MS = 8000

/** The client's end of one run of a case. */
export interface CaseClient {
  /** Writes at once; resolves when the kernel has it. */
  write(bytes: Buffer | string): Promise<void>
  /** Resolves when the server has received everything that was written, its request's head aside. */
  arrived(): Promise<void>
  /** Resolves when this many bytes have come behind the answer's head, or the connection is closed. */
  receives(bytes: number): Promise<void>
  /** Resolves when the server has ended its direction. */
  ended(): Promise<void>
  fin(): void
  reset(): void
  pause(): void
  resume(): void
}

/** What one run of a case showed, at both ends. */
export interface Transcript {
  readonly status: number
  /** The answer's `Sec-WebSocket-*` and `WWW-Authenticate` fields, as they stand in its head. */
  readonly answerFields: readonly string[]
  readonly toClient: Buffer
  readonly clientSaw: readonly End[]
  /** From the client's last act to the server's end of the connection, in milliseconds. */
  readonly endedAfterMs: number
  /** The request's `Sec-WebSocket-*` fields, by name. */
  readonly requestFields: readonly string[]
  readonly toServer: Buffer
  readonly serverSaw: readonly End[]
}

export interface Handshake {
  readonly path: string
  readonly requestLine?: string
  /** Fields other than Host and `x-case`; a WebSocket client's by default. */
  readonly fields?: readonly string[]
  /** Sent in one write with the request. */
  readonly early?: Buffer
}

export const webSocketFields: readonly string[] = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** Opens a connection at `port`, does the handshake and `act`, and resolves when both ends are over. */
export async function runCase(
  port: number,
  server: EchoServer,
  id: string,
  handshake: Handshake,
  act: (client: CaseClient) => Promise<void>,
): Promise<Transcript> {
  const { path, requestLine = `GET ${path} HTTP/1.1`, fields = webSocketFields } = handshake
  const early = handshake.early ?? Buffer.alloc(0)
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const received = record(socket)
  try {
    await within(PATIENCE_MS, 'a connection', once(socket, 'connect'))
    let actedAtMs = performance.now()
    let sentBytes = early.length
    const head = `${[requestLine, 'Host: example.com', `X-Case: ${id}`, ...fields].join('\r\n')}\r\n\r\n`
    socket.write(Buffer.concat([Buffer.from(head), early]))
    const seen: ServerConnection = await within(PATIENCE_MS, 'the request', server.connection(id))
    const headBytes = await within(PATIENCE_MS, 'the head of the answer', answerHead(received))
    const client: CaseClient = {
      write(bytes) {
        actedAtMs = performance.now()
        sentBytes += bytes.length
        return new Promise((resolve) => void socket.write(bytes, () => resolve()))
      },
      arrived: () =>
        within(PATIENCE_MS, `${sentBytes} bytes at the server`, seen.received.reached(sentBytes)),
      receives: (bytes) =>
        within(PATIENCE_MS, `${bytes} bytes at the client`, received.reached(headBytes + bytes)),
      ended: () => within(PATIENCE_MS, "the server's end", received.ended),
      fin() {
        actedAtMs = performance.now()
        socket.end()
      },
      reset() {
        actedAtMs = performance.now()
        socket.resetAndDestroy()
      },
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
    }
    await act(client)
    // The server has ended its direction, or the case has ended the client's.
    if (!socket.destroyed) {
      await client.ended()
      socket.end()
    }
    await within(PATIENCE_MS, 'the close at the client', received.closed)
    await within(PATIENCE_MS, 'the close at the server', seen.received.closed)
    const all = received.bytes()
    const [statusLine = '', ...lines] = all.toString('latin1', 0, headBytes).split('\r\n')
    const shown = /^(?:sec-websocket-|www-authenticate)/i
    return {
      status: Number(statusLine.split(' ')[1]),
      answerFields: lines.filter((line) => shown.test(line)),
      toClient: all.subarray(headBytes),
      clientSaw: received.ends,
      endedAfterMs: received.endedAtMs === undefined ? 0 : received.endedAtMs - actedAtMs,
      requestFields: [...seen.fields].filter(([name]) => shown.test(name)).map((field) => field.join(': ')),
      toServer: seen.received.bytes(),
      serverSaw: seen.received.ends,
    }
  } finally {
    socket.destroy()
  }
}

async function answerHead(received: ReturnType<typeof record>): Promise<number> {
  for (;;) {
    const end = received.bytes().indexOf('\r\n\r\n')
    if (end !== -1) return end + 4
    const before = received.length
    await received.reached(before + 1)
    if (received.length === before) throw new Error('The connection was closed before an answer.')
  }
}

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { within } from './process.ts'

/** How a WebSocket has ended for its client: 1006 where no Close frame came (RFC 6455 §7.1.5). */
export interface Closing {
  readonly code: number
  readonly reason: string
  readonly atMs: number
}

/** A client of a replica that names itself in its first message. */
export interface TestWebSocket {
  readonly socket: WebSocket
  /** The replica. */
  readonly home: string
  /** The `limpet-decision` of the handshake. */
  readonly decision: string | undefined
  /** Resolves when it has ended. */
  readonly closed: Promise<Closing>
  /** Undefined while it is open. */
  readonly closing: Closing | undefined
  /** Sends a text and resolves to the next one that comes. */
  echo(text: string): Promise<string>
}

/** Opens a WebSocket at `path` of a router and resolves when its replica has said its name. */
export async function openWebSocket(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestWebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  let closing: Closing | undefined
  const closed = new Promise<Closing>((resolve) => {
    socket.on('close', (code, reason) => {
      closing = { code, reason: String(reason), atMs: performance.now() }
      resolve(closing)
    })
  })
  // 'close' follows and tells.
  socket.on('error', () => undefined)
  let decision: string | undefined
  socket.on('upgrade', (response: IncomingMessage) => {
    decision = response.headers['limpet-decision'] as string | undefined
  })
  const next = async (): Promise<string> => {
    const message = await within(10_000, 'a message', Promise.race([once(socket, 'message'), closed]))
    if (!Array.isArray(message))
      throw new Error(`The WebSocket was closed: ${message.code} ${message.reason}`)
    return String(message[0])
  }
  const home = await next()
  return {
    socket,
    home,
    decision,
    closed,
    get closing() {
      return closing
    },
    echo(text) {
      const answer = next()
      socket.send(text)
      return answer
    },
  }
}

import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { epochHeader } from '../headers.ts'
import type { JsonRpcMessage, McpTransport } from './sdk-shapes.ts'

/** How a transport has answered a message that no client is waiting for. */
export interface SilentAnswer {
  readonly status: number
  readonly body: string
}

/** Of the request on whose behalf a message is sent; the others are about its body, or set here. */
const leftOut = new Set([
  ...[
    'accept',
    'connection',
    'content-encoding',
    'content-length',
    'content-type',
    'expect',
    'last-event-id',
  ],
  ...['mcp-protocol-version', 'mcp-session-id', 'transfer-encoding', 'upgrade', epochHeader],
])

/**
 * Hands a transport a message as if a client had posted it, and resolves when the answer is complete. It goes with the
 * headers and the `auth` of `origin`, a real request, so that nobody's credentials have to be kept.
 */
export async function sendSilently(
  transport: McpTransport,
  origin: IncomingMessage,
  message: JsonRpcMessage,
  sessionId?: string,
): Promise<SilentAnswer> {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as Socket
  const request = new IncomingMessage(socket)
  const headers = {
    ...Object.fromEntries(Object.entries(origin.headers).filter(([name]) => !leftOut.has(name))),
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
  }
  Object.assign(request, {
    method: 'POST',
    url: origin.url,
    headers,
    rawHeaders: Object.entries(headers).flat(2),
  })
  if ('auth' in origin) Object.assign(request, { auth: origin.auth })
  request.push(null)
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  const pieces: Buffer[] = []
  keepWritten(response, pieces)
  const closed = Promise.race([once(response, 'finish'), once(response, 'close')])
  try {
    await transport.handleRequest(request, response, message)
    await closed
  } finally {
    socket.destroy()
  }
  return { status: response.statusCode, body: Buffer.concat(pieces).toString() }
}

function keepWritten(response: ServerResponse, pieces: Buffer[]): void {
  const { write, end } = response
  const keep = (piece: unknown): void => {
    if (typeof piece === 'string' || piece instanceof Uint8Array) pieces.push(Buffer.from(piece as string))
  }
  response.write = (...args: unknown[]) => {
    keep(args[0])
    return Reflect.apply(write, response, args)
  }
  response.end = (...args: unknown[]) => {
    keep(args[0])
    return Reflect.apply(end, response, args)
  }
}

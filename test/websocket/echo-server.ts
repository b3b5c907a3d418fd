import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createEcho } from './echo.ts'
import { BINARY, CLOSE, closePayload, frame, TEXT } from './frames.ts'
import { type Recording, record } from './recording.ts'

/** One connection to the server, once its request was read. */
export interface ServerConnection {
  readonly method: string
  /** The request's fields, by lower-case name. */
  readonly fields: ReadonlyMap<string, string>
  /** What came behind the request's head. */
  readonly received: Recording
}

export interface EchoServer extends AsyncDisposable {
  readonly port: number
  /** The connection whose request had `x-case: id`, as soon as there is one. */
  connection(id: string): Promise<ServerConnection>
}

/** What a path does once it has switched protocols; `received` records the socket. */
type Behaviour = (socket: Socket, received: Recording, fields: ReadonlyMap<string, string>) => void

const serverFrame = (opcode: number, payload: Buffer | string): Buffer =>
  frame(opcode, payload, { masked: false })

const behaviours: Readonly<Record<string, Behaviour>> = {
  '/echo': (socket, received, fields) => {
    const deflate = fields.get('sec-websocket-extensions')?.includes('permessage-deflate') === true
    const echo = createEcho(deflate ? 4 : 0)
    const onBytes = (bytes: Buffer): void => {
      if (echo.over) return
      const answer = echo.read(bytes)
      if (answer.length > 0) socket.write(answer)
      if (echo.over) socket.end()
    }
    onBytes(received.bytes())
    socket.on('data', onBytes)
    socket.on('end', () => socket.end())
  },
  /** Goes away first: Close at once, and the end of the connection when the client has answered. */
  '/closes': (socket, received) => {
    socket.write(serverFrame(CLOSE, closePayload(1001, 'going away')))
    received.reached(8).then(() => socket.end())
  },
  /** Ends its direction at once, and goes on reading. */
  '/fin': (socket) => {
    socket.end(serverFrame(TEXT, 'the last word'))
  },
  /** Speaks once more after the client has ended its direction. */
  '/late': (socket, received) => {
    received.ended.then(() => {
      socket.write(serverFrame(BINARY, Buffer.alloc(300_000, 'late')))
      socket.end(serverFrame(TEXT, 'all of it'))
    })
  },
  '/fin-on-data': (socket, received) => {
    received.reached(1).then(() => socket.end())
  },
  '/reset-on-data': (socket, received) => {
    socket.write(serverFrame(TEXT, 'before'))
    received.reached(1).then(() => socket.resetAndDestroy())
  },
}
/** What a path sends in one write with its 101. */
const greetings: Readonly<Record<string, Buffer>> = {
  '/greet': serverFrame(TEXT, 'welcome'),
  '/greet-large': serverFrame(BINARY, Buffer.alloc(200_000, 'greeting')),
}

const refusals: Readonly<Record<string, string>> = {
  '/404':
    'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 9\r\n\r\nnot here\n',
  '/401':
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="ws"\r\nConnection: close\r\nContent-Length: 10\r\n\r\nwho are u\n',
}

/** A WebSocket server on raw sockets that records every byte. */
export async function startEchoServer(): Promise<EchoServer> {
  const connections = new Map<string, PromiseWithResolvers<ServerConnection>>()
  const sockets = new Set<Socket>()
  const entry = (id: string): PromiseWithResolvers<ServerConnection> => {
    const known = connections.get(id) ?? Promise.withResolvers<ServerConnection>()
    connections.set(id, known)
    return known
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let held: Buffer = Buffer.alloc(0)
    socket.on('data', function onHead(chunk: Buffer) {
      held = Buffer.concat([held, chunk])
      const end = held.indexOf('\r\n\r\n')
      if (end === -1) return
      socket.off('data', onHead)
      const [requestLine = '', ...lines] = held.toString('latin1', 0, end).split('\r\n')
      const [method = '', path = '', version = ''] = requestLine.split(' ')
      const fields = new Map<string, string>()
      for (const line of lines) {
        const colon = line.indexOf(':')
        const name = line.slice(0, colon).toLowerCase()
        const value = line.slice(colon + 1).trim()
        fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value)
      }
      const received = record(socket, held.subarray(end + 4))
      entry(fields.get('x-case') ?? '').resolve({ method, fields, received })
      const refusal = refusals[path] ?? refusalOf(method, version, fields)
      if (refusal !== undefined) {
        socket.end(refusal)
        return
      }
      const greeting = greetings[path] ?? Buffer.alloc(0)
      socket.write(Buffer.concat([Buffer.from(switching(fields), 'latin1'), greeting]))
      const behaviour = behaviours[path] ?? behaviours['/echo']!
      behaviour(socket, received, fields)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connection: (id) => entry(id).promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** RFC 6455 §4.2.1 and §4.4. */
function refusalOf(method: string, version: string, fields: ReadonlyMap<string, string>): string | undefined {
  const none = 'Connection: close\r\nContent-Length: 0\r\n\r\n'
  if (method !== 'GET') return `HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n${none}`
  const asks = fields.get('upgrade')?.toLowerCase() === 'websocket' && version === 'HTTP/1.1'
  if (!asks || !/\bupgrade\b/i.test(fields.get('connection') ?? ''))
    return `HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${none}`
  if (fields.get('sec-websocket-version') !== '13')
    return `HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n${none}`
  return undefined
}

function switching(fields: ReadonlyMap<string, string>): string {
  const key = `${fields.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  const protocol = fields.get('sec-websocket-protocol')?.split(',').at(-1)?.trim()
  const extensions = fields.get('sec-websocket-extensions')
  let head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  head += `Sec-WebSocket-Accept: ${accept}\r\n`
  if (protocol !== undefined) head += `Sec-WebSocket-Protocol: ${protocol}\r\n`
  if (extensions?.includes('permessage-deflate'))
    head += 'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n'
  return `${head}\r\n`
}

import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { pairs, type Reading, type ReadMessage } from './message.ts'

const maxHeaderSize = 1 << 20

/** A connection without a network: what is pushed is received, what is written is thrown away. */
class Wire extends Duplex {
  readonly bodies: { message: IncomingMessage; chunks: Buffer[]; trailers: string[]; complete: boolean }[] =
    []
  refused: string | undefined

  override _read(): void {
    // Everything is pushed at the start.
  }

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done()
  }

  /** `http` calls these of a socket; here they have nothing to do. */
  setTimeout(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  receive(bytes: Buffer): void {
    if (bytes.length > 0) this.push(bytes)
    this.push(null)
  }

  receiveMessage(message: IncomingMessage, onEnd: () => void): void {
    const body = { message, chunks: [] as Buffer[], trailers: [] as string[], complete: false }
    this.bodies.push(body)
    message.on('data', (chunk: Buffer) => body.chunks.push(chunk))
    message.on('error', (error: NodeJS.ErrnoException) => {
      this.refused ??= error.code
    })
    message.on('end', () => {
      body.complete = message.complete
      body.trailers = message.rawTrailers
      onEnd()
    })
  }

  reading(start: (message: IncomingMessage) => string): Reading {
    const messages = this.bodies.map(
      ({ message, chunks, trailers, complete }): ReadMessage => ({
        start: start(message),
        minor: message.httpVersionMinor,
        fields: pairs(message.rawHeaders),
        body: Buffer.concat(chunks),
        complete,
        trailers: pairs(trailers),
      }),
    )
    return { messages, refused: this.refused }
  }
}

/** Reads bytes with Node's own HTTP/1.1 parser, by documented ways into it. */
export interface NodeReader {
  readRequests(bytes: Buffer): Promise<Reading>
  readResponse(bytes: Buffer, method: string): Promise<Reading>
  close(): void
}

/**
 * A server whose 'connection' event is emitted by hand, and a client whose agent hands out our own streams. Both
 * are documented uses; nothing goes over a network.
 */
export function createNodeReader(): NodeReader {
  const server = createServer({
    maxHeaderSize,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
    requireHostHeader: false,
  })
  server.maxHeadersCount = 0
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    ;(message.socket as unknown as Wire).receiveMessage(message, () => response.end())
  }
  server.on('request', onRequest)
  // Without these, Node answers such requests by itself and shows none of them.
  server.on('checkContinue', onRequest)
  server.on('checkExpectation', onRequest)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const wire = socket as unknown as Wire
    wire.refused ??= error.code ?? error.message
    // Not at once: messages that came before are whole, and their ends have yet to be told.
    setImmediate(() => wire.destroy())
  })
  // CONNECT makes Node a tunnel; nothing of it is compared.
  server.on('connect', (_message, socket) => socket.destroy())
  return {
    readRequests: (bytes) =>
      new Promise((resolve) => {
        const wire = new Wire()
        wire.on('error', () => {})
        wire.on('close', () => resolve(wire.reading(({ method, url }) => `${method} ${url}`)))
        server.emit('connection', wire)
        wire.receive(bytes)
      }),
    readResponse: (bytes, method) => readResponse(bytes, method),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function readResponse(bytes: Buffer, method: string): Promise<Reading> {
  return new Promise((resolve) => {
    const wire = new Wire()
    const agent = new Agent()
    agent.createConnection = () => wire as Duplex
    const interim: ReadMessage[] = []
    const outgoing = request({ method, agent, maxHeaderSize })
    outgoing.maxHeadersCount = 0
    outgoing.on('information', (info) => {
      const { statusCode, httpVersionMinor, rawHeaders } = info
      interim.push({
        start: String(statusCode),
        minor: httpVersionMinor,
        fields: pairs(rawHeaders),
        body: Buffer.alloc(0),
        complete: true,
        trailers: [],
      })
    })
    outgoing.on('upgrade', (message, _socket, _head) => {
      interim.push({
        start: String(message.statusCode),
        minor: message.httpVersionMinor,
        fields: pairs(message.rawHeaders),
        body: Buffer.alloc(0),
        complete: true,
        trailers: [],
      })
      wire.destroy()
    })
    outgoing.on('response', (message) => wire.receiveMessage(message, () => {}))
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      wire.refused ??= error.code ?? error.message
    })
    // The response's own 'end' and 'error' come before or in the same turn as this.
    outgoing.on('close', () =>
      setImmediate(() => {
        const { messages, refused } = wire.reading(({ statusCode }) => String(statusCode))
        resolve({ messages: [...interim, ...messages], refused })
      }),
    )
    outgoing.end()
    wire.receive(bytes)
  })
}

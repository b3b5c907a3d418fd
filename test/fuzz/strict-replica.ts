import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pairs } from './message.ts'
import { requestKey } from './request-key.ts'

/** A replica that checks each request it gets against those that clients sent. */
export interface StrictReplica {
  readonly port: number
  /** Says that a request with this key may come. */
  expect(key: string): void
  /** Requests that came whole. */
  readonly served: number
  /** What should not have come, described. */
  readonly faults: readonly string[]
  stop(): void
}

/** Errors of Node's parser that a good router can cause: it knows more methods, and gives up on cut requests. */
const harmless = new Set(['HPE_INVALID_METHOD', 'HPE_INVALID_EOF_STATE', 'ECONNRESET', 'EPIPE'])

/** Starts one on 127.0.0.1. Answers vary with the target's length: with a length, chunked, none. */
export async function startStrictReplica(): Promise<StrictReplica> {
  const expected = new Set<string>()
  const faults: string[] = []
  let served = 0
  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 })
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    const keyOf = (body: Buffer | undefined): string =>
      requestKey(`${message.method} ${message.url}`, pairs(message.rawHeaders), body)
    if (!expected.has(keyOf(undefined))) faults.push(`a head that no client sent: ${keyOf(undefined)}`)
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('error', () => {
      // The router gave up on this request, which it may.
    })
    message.on('end', () => {
      served++
      const key = keyOf(Buffer.concat(chunks))
      if (!expected.has(key)) faults.push(`a request that no client sent: ${key}`)
      answer(message, response)
    })
  }
  server.on('request', onRequest)
  server.on('checkContinue', (message, response) => {
    response.writeContinue()
    onRequest(message, response)
  })
  server.on('checkExpectation', onRequest)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!harmless.has(error.code ?? ''))
      faults.push(`bytes that are no request: ${error.code} ${error.message}`)
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    expect: (key) => expected.add(key),
    get served() {
      return served
    },
    faults,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(message: IncomingMessage, response: ServerResponse): void {
  switch ((message.url ?? '').length % 3) {
    case 0:
      response.writeHead(204).end()
      break
    case 1:
      response.setHeader('content-length', 3)
      response.end('abc')
      break
    default:
      response.write('chunked ')
      response.end('answer')
  }
}

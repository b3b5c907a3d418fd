import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A request as it reached a scripted replica; its content is counted, not kept. */
export interface ScriptedRequest {
  readonly method: string
  /** The target without its query. */
  readonly path: string
  readonly query: URLSearchParams
  /** By lower-case name; of repeated fields the last. */
  readonly fields: ReadonlyMap<string, string>
  readonly socket: Socket
  /** Its place on its connection: 0 is the first. */
  readonly index: number
  readonly bodyBytes: number
  /** Resolves when all of its content has come; never, when it does not. */
  readonly complete: Promise<void>
}

/** Answers a request; called once its head has come. What it writes goes out as it is. */
export type Script = (request: ScriptedRequest) => unknown

/** A server in this process that answers by script, byte for byte. */
export interface ScriptedReplica extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** All requests so far. */
  readonly requests: readonly ScriptedRequest[]
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>
  /** How many connections there have been. */
  readonly connections: number
}

/** A response with its length. */
export function okResponse(body: string, fields: readonly string[] = []): string {
  return `${['HTTP/1.1 200 OK', ...fields, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }
type Pending = Writable<ScriptedRequest> & { left: number; resolve: () => void }

/**
 * Starts one. `scripts` are by path; without one a request is answered with its own path, once it is complete.
 * Content is understood where it has a length, and chunked content where it ends with its last chunk in one piece.
 */
export async function startScriptedReplica(
  scripts: Readonly<Record<string, Script>> = {},
): Promise<ScriptedReplica> {
  const sockets = new Set<Socket>()
  const requests: ScriptedRequest[] = []
  let connections = 0

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections++
    sockets.add(socket)
    let held = ''
    let index = 0
    let current: Pending | undefined
    const readHead = (): boolean => {
      const end = held.indexOf('\r\n\r\n')
      if (end === -1) return false
      current = parse(held.slice(0, end), socket, index++)
      held = held.slice(end + 4)
      requests.push(current)
      const script = scripts[current.path] ?? echoPath
      script(current)
      return true
    }
    const readBody = (request: Pending): boolean => {
      const chunkedEnd = request.left === CHUNKED ? held.indexOf('0\r\n\r\n') : -1
      const taken = request.left === CHUNKED ? held.length : Math.min(held.length, request.left)
      if (request.left !== CHUNKED) request.left -= taken
      request.bodyBytes += taken
      const done = request.left === 0 || chunkedEnd !== -1
      held = chunkedEnd === -1 ? held.slice(taken) : held.slice(chunkedEnd + 5)
      if (!done) return false
      request.resolve()
      current = undefined
      return true
    }
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      held += text
      while (current === undefined ? readHead() : readBody(current));
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    sockets,
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const CHUNKED = -1

async function echoPath({ path, socket, complete }: ScriptedRequest): Promise<void> {
  await complete
  socket.write(okResponse(path))
}

function parse(head: string, socket: Socket, index: number): Pending {
  const [requestLine = '', ...lines] = head.split('\r\n')
  const [method = '', target = ''] = requestLine.split(' ')
  const [path = '', query = ''] = target.split('?')
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const left = fields.has('transfer-encoding') ? CHUNKED : Number(fields.get('content-length') ?? 0)
  const { promise: complete, resolve } = Promise.withResolvers<void>()
  return {
    method,
    path,
    query: new URLSearchParams(query),
    fields,
    socket,
    index,
    bodyBytes: 0,
    complete,
    left,
    resolve,
  }
}

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import {
  feed,
  type MutableRequest,
  newRequestStream,
  type RecordedRequest,
  type RequestStream,
} from './parse-request.ts'

/** What the replica remembers of one connection from the proxy. */
export interface RecordedConnection {
  readonly id: number
  /** Which of the replica's ports it came to, counted from 0. */
  readonly replica: number
  /** Every byte received, as latin1. */
  readonly bytes: string
  readonly requests: readonly RecordedRequest[]
  /** `performance.now()` when the proxy ended or reset the connection; undefined while it is open. */
  readonly closedAtMs: number | undefined
}

/** A request with the connection it came on. */
export interface SeenRequest {
  readonly request: RecordedRequest
  readonly connection: RecordedConnection
  /** The request's place on its connection: 0 is the first. */
  readonly index: number
}

/** How a handler answers. Text is latin1 and goes out exactly as given. */
export interface Reply {
  send(bytes: string): void
  /** Sends FIN after what was sent. */
  end(): void
  /** Resets the connection. */
  reset(): void
  /** Resolves when the whole request has arrived; never, when it does not. */
  wholeRequest(): Promise<void>
  /** From now on bytes are no requests: `onData` gets them, beginning with those already here. */
  tunnel(onData: (bytes: string) => void): void
  /** Bytes that the kernel has not taken yet. */
  pendingBytes(): number
}

/** Answers one request; called once its head is there. */
export type ReplicaHandler = (seen: SeenRequest, reply: Reply) => void | Promise<void>

/** A server on raw sockets that records every byte and answers by script. */
export interface RecordingReplica {
  readonly ports: readonly number[]
  readonly connections: readonly RecordedConnection[]
  /** Answers requests whose head holds `token`; without a handler they get 200 and a small body. */
  answer(token: string, handler: ReplicaHandler): void
  /** The requests whose head holds `token`, in order of arrival. */
  seen(token: string): readonly SeenRequest[]
  /** Whether any byte sequence of any connection holds `token`. */
  mentions(token: string): boolean
  /** Waits until `holds` is true, looking at every event; false when `waitMs` pass first. */
  until(holds: () => boolean, waitMs: number): Promise<boolean>
  /** Drops all connections, so that the next case begins with a fresh pool, and forgets them. */
  reset(): void
  close(): Promise<void>
}

/** A response with a length, ready to send. */
export function ok(body: string, fields: readonly string[] = []): string {
  const head = ['HTTP/1.1 200 OK', ...fields, `Content-Length: ${body.length}`]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

type Live = { -readonly [Key in keyof RecordedConnection]: RecordedConnection[Key] } & {
  stream: RequestStream
  readonly socket: Socket
  onTunnel: ((bytes: string) => void) | undefined
  answered: number
  isAnswering: boolean
}

/** Listens on `ports` of 127.0.0.1 (0 lets the system choose), one replica for each. */
export async function startRecordingReplica(ports: readonly number[]): Promise<RecordingReplica> {
  let connections: Live[] = []
  let nextId = 1
  const handlers = new Map<string, ReplicaHandler>()
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of [...waiting]) check()
  }
  const seen = (token: string): SeenRequest[] =>
    connections
      .flatMap((connection) => connection.requests.map((request, index) => ({ request, connection, index })))
      .filter(({ request }) => request.head.includes(token))

  const handlerFor = (head: string): ReplicaHandler => {
    for (const [token, handler] of handlers) if (head.includes(token)) return handler
    return defaultAnswer
  }

  function accept(socket: Socket, replica: number): void {
    const stream = newRequestStream()
    const connection: Live = {
      id: nextId++,
      replica,
      bytes: '',
      requests: stream.requests,
      closedAtMs: undefined,
      stream,
      socket,
      onTunnel: undefined,
      answered: 0,
      isAnswering: false,
    }
    connections.push(connection)
    socket.setEncoding('latin1')
    socket.on('data', (bytes: string) => {
      connection.bytes += bytes
      if (connection.onTunnel === undefined) feed(stream, bytes)
      else connection.onTunnel(bytes)
      answerNext(connection)
      wake()
    })
    const closed = () => {
      connection.closedAtMs ??= performance.now()
      wake()
    }
    socket.on('end', () => {
      closed()
      // A server that still has an answer to give gives it; any other closes too.
      if (!connection.isAnswering || connection.requests.at(-1)?.complete === false) socket.end()
    })
    socket.on('error', closed)
    socket.on('close', closed)
  }

  function answerNext(connection: Live): void {
    const index = connection.answered
    const request = connection.stream.requests[index]
    // Pipelined requests are answered in order, one at a time.
    if (request === undefined || connection.isAnswering) return
    connection.answered += 1
    connection.isAnswering = true
    const answer = handlerFor(request.head)
    const reply = replyOn(connection, request)
    Promise.resolve(answer({ request, connection, index }, reply)).then(
      () => {
        connection.isAnswering = false
        answerNext(connection)
      },
      () => connection.socket.destroy(),
    )
  }

  function replyOn(connection: Live, request: MutableRequest): Reply {
    const { socket, stream } = connection
    return {
      send: (bytes) => {
        if (socket.writable) socket.write(bytes, 'latin1')
      },
      end: () => {
        socket.end()
      },
      reset: () => {
        socket.resetAndDestroy()
      },
      wholeRequest: () => until(() => request.complete, Number.POSITIVE_INFINITY).then(() => {}),
      tunnel: (onData) => {
        stream.stopped = true
        connection.onTunnel = onData
        if (stream.at < stream.bytes.length) onData(stream.bytes.slice(stream.at))
      },
      pendingBytes: () => socket.writableLength,
    }
  }

  function until(holds: () => boolean, waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(waitMs) ? setTimeout(() => finish(false), waitMs) : undefined
      const finish = (result: boolean) => {
        clearTimeout(timer)
        waiting.delete(check)
        resolve(result)
      }
      const check = () => {
        if (holds()) finish(true)
      }
      waiting.add(check)
      check()
    })
  }

  const servers: Server[] = []
  for (const [replica, port] of ports.entries()) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket, replica))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
  }

  return {
    ports: servers.map((server) => {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    }),
    get connections() {
      return connections
    },
    answer: (token, handler) => {
      handlers.set(token, handler)
    },
    seen,
    mentions: (token) => connections.some(({ bytes }) => bytes.includes(token)),
    until,
    reset: () => {
      for (const { socket } of connections) socket.destroy()
      connections = []
      handlers.clear()
      waiting.clear()
    },
    close: async () => {
      for (const { socket } of connections) socket.destroy()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}

/** Says which request it answers, so that answers that got mixed up show. */
async function defaultAnswer({ request }: SeenRequest, reply: Reply): Promise<void> {
  await reply.wholeRequest()
  const response = ok(`answer to ${request.target}`, ['Content-Type: text/plain'])
  reply.send(request.method === 'HEAD' ? response.slice(0, response.indexOf('\r\n\r\n') + 4) : response)
}

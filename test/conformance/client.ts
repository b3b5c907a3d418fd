import { connect, type Socket } from 'node:net'
import { CaseFailure } from './case.ts'
import { parseResponse, type ReceivedResponse } from './parse-response.ts'

/** How a connection stands: still open, ended by the peer's FIN, or reset. */
export type ConnectionEnd = 'open' | 'end' | 'reset'

/** A client that sends exactly the bytes it is told to and keeps every byte it receives. */
export interface RawClient {
  /** Sends `bytes` (latin1) as one write. */
  send(bytes: string): void
  /** The next response that is final, or 101; interim ones before it are kept in `interim`. */
  response(options?: ResponseOptions): Promise<ReceivedResponse>
  /** The next response, interim or final. */
  anyResponse(options?: ResponseOptions): Promise<ReceivedResponse>
  /** Interim responses (1xx but 101) that came before the last final one. */
  readonly interim: readonly ReceivedResponse[]
  /** Waits until `text` was received past the last response; returns all that came past it. */
  receive(text: string, waitMs?: number): Promise<string>
  /** Waits up to `waitMs` for the proxy to close, and says how it stands then. */
  closed(waitMs?: number): Promise<ConnectionEnd>
  /** Bytes received and not yet read as a response. */
  unread(): string
  /** Stops reading from the socket, so that its window fills. */
  stopReading(): void
  resumeReading(): void
  /** How many bytes were received in all. */
  receivedBytes(): number
  /** Sends FIN and goes on reading. */
  end(): void
  /** Closes at once, both ways. */
  destroy(): void
}

/** `waitMs` bounds the wait (default 1500); `head` says that the request was HEAD. */
export interface ResponseOptions {
  readonly head?: boolean
  readonly waitMs?: number
}

const defaultWaitMs = 1500

/** Connects to `host:port`; throws a CaseFailure when nothing accepts within a second and a half. */
export async function openClient(host: string, port: number): Promise<RawClient> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
  const client = watch(socket)
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new CaseFailure('accepts no connection')), defaultWaitMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.once('error', () => {
      clearTimeout(timer)
      reject(new CaseFailure('accepts no connection'))
    })
  })
  return client
}

function watch(socket: Socket): RawClient {
  let bytes = ''
  let readUpTo = 0
  let state: ConnectionEnd = 'open'
  let interim: ReceivedResponse[] = []
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of [...waiting]) check()
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    bytes += text
    wake()
  })
  socket.on('end', () => {
    if (state === 'open') state = 'end'
    wake()
  })
  socket.on('error', () => {
    if (state === 'open') state = 'reset'
    wake()
  })
  socket.on('close', () => {
    if (state === 'open') state = 'reset'
    wake()
  })

  /** Resolves with what `look` returns as soon as that is not undefined; `look` runs at every change. */
  function until<T>(waitMs: number, look: () => T | undefined, onExpiry: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        waiting.delete(check)
        settle()
      }
      const check = () => {
        try {
          const found = look()
          if (found !== undefined) finish(() => resolve(found))
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const timer = setTimeout(() => {
        try {
          const value = onExpiry()
          finish(() => resolve(value))
        } catch (error) {
          finish(() => reject(error))
        }
      }, waitMs)
      waiting.add(check)
      check()
    })
  }

  function nextResponse(head: boolean): ReceivedResponse | undefined {
    const result = parseResponse(bytes, readUpTo, head, state !== 'open')
    if (result.kind === 'malformed') throw new CaseFailure(`malformed answer: ${result.why}`)
    if (result.kind === 'response') {
      readUpTo = result.next
      // A reset is never a clean end, whatever the framing says (RFC 9112 section 8).
      const clean = result.response.framing !== 'close' || state === 'end'
      return clean ? result.response : { ...result.response, complete: false }
    }
    if (state === 'open') return undefined
    const how = state === 'end' ? 'closed' : 'reset'
    throw new CaseFailure(
      bytes.length > readUpTo ? `${how} inside the answer's head` : `${how} without an answer`,
    )
  }

  const anyResponse = ({ head = false, waitMs = defaultWaitMs }: ResponseOptions = {}) =>
    until(
      waitMs,
      () => nextResponse(head),
      () => {
        throw new CaseFailure(bytes.length > readUpTo ? 'an answer that does not end' : 'no answer')
      },
    )

  return {
    send(text) {
      if (!socket.destroyed && socket.writable) socket.write(text, 'latin1')
    },
    anyResponse,
    async response(options) {
      interim = []
      for (;;) {
        const response = await anyResponse(options)
        if (response.status >= 200 || response.status === 101) return response
        interim.push(response)
      }
    },
    get interim() {
      return interim
    },
    receive: (text, waitMs = defaultWaitMs) =>
      until(
        waitMs,
        () => (bytes.includes(text, readUpTo) ? bytes.slice(readUpTo) : undefined),
        () => {
          throw new CaseFailure(`${JSON.stringify(text.slice(0, 40))} does not arrive`)
        },
      ),
    closed: (waitMs = defaultWaitMs) =>
      until<ConnectionEnd>(
        waitMs,
        () => (state === 'open' ? undefined : state),
        () => 'open',
      ),
    unread: () => bytes.slice(readUpTo),
    stopReading: () => {
      socket.pause()
    },
    resumeReading: () => {
      socket.resume()
    },
    receivedBytes: () => bytes.length,
    end: () => {
      socket.end()
    },
    destroy: () => {
      socket.destroy()
    },
  }
}

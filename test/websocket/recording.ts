import type { Socket } from 'node:net'

/** How a peer ended its direction of a connection. */
export type End = 'fin' | 'reset'

/** All that a socket receives, and how it ends. */
export interface Recording {
  readonly length: number
  bytes(): Buffer
  /** In the order in which they came; empty where only this side has ended the connection. */
  readonly ends: readonly End[]
  /** When the first of them came, by `performance.now()`. */
  readonly endedAtMs: number | undefined
  /** Resolves when `length` bytes have come or the socket has closed. */
  reached(length: number): Promise<void>
  /** Resolves when the peer has ended its direction. */
  readonly ended: Promise<void>
  readonly closed: Promise<void>
}

/** Records a socket from now on; `first` are bytes that were read before. */
export function record(socket: Socket, first: Buffer = Buffer.alloc(0)): Recording {
  const parts = [first]
  const ends: End[] = []
  const waiting: { length: number; resolve: () => void }[] = []
  let { length } = first
  let endedAtMs: number | undefined
  const wake = (all: boolean): void => {
    for (const entry of waiting.splice(0)) {
      if (all || length >= entry.length) entry.resolve()
      else waiting.push(entry)
    }
  }
  const ended = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const end = (how: End): void => {
    ends.push(how)
    endedAtMs ??= performance.now()
    ended.resolve()
  }
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    length += chunk.length
    wake(false)
  })
  socket.on('end', () => end('fin'))
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNRESET' || code === 'EPIPE') end('reset')
  })
  socket.on('close', () => {
    wake(true)
    ended.resolve()
    closed.resolve()
  })
  return {
    get length() {
      return length
    },
    bytes: () => Buffer.concat(parts),
    ends,
    get endedAtMs() {
      return endedAtMs
    },
    reached(wanted) {
      if (length >= wanted || socket.destroyed) return Promise.resolve()
      return new Promise((resolve) => waiting.push({ length: wanted, resolve }))
    },
    ended: ended.promise,
    closed: closed.promise,
  }
}

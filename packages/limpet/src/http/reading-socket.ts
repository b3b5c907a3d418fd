import type { OnReadOpts, Socket } from 'node:net'

/** Who takes what a socket reads. */
export interface Reader {
  /**
   * Takes `bytes[0, end)`, borrowed: they are another read's as soon as the call returns. `bytes[end]` is 0, which
   * no part of a message head can be, so that a parser need not compare each offset with the end.
   */
  onBytes(bytes: Buffer, end: number): void
}

/** What one read can bring at most, in bytes. */
export const READ_BYTES = 524_288

/**
 * What it brings as long as less comes at a time, or comes faster than it goes on: all that a slow reader at the
 * other side can make us keep.
 */
export const SHORT_READ_BYTES = 65_536

/** Memory for the reads of all of a thread's sockets, so that none makes a buffer of its own. */
export class ReadBuffer {
  /** With room for the 0 behind a read. */
  readonly bytes: Buffer = Buffer.alloc(READ_BYTES + 1)
  readonly long: Buffer = this.bytes.subarray(0, READ_BYTES)
  readonly short: Buffer = this.bytes.subarray(0, SHORT_READ_BYTES)
}

/** A socket whose reads go to `reader`, all through one buffer. */
export interface ReadingSocket {
  /** To be set before the event loop turns again. */
  reader: Reader
  readonly socket: Socket
  readonly tls: boolean
}

/** A socket that reads into the buffer. */
export class DirectSocket implements ReadingSocket {
  reader!: Reader
  readonly socket: Socket
  readonly tls = false

  /**
   * `open` makes the socket with the option it is given. A socket that has filled a short read gets long ones as
   * long as what they bring goes on at once: fewer system calls, and half the CPU time for large content
   * (`docs/performance.md`).
   */
  constructor(memory: ReadBuffer, open: (onread: OnReadOpts) => Socket) {
    let current: Buffer | undefined
    let wanted = memory.short
    const onread = {
      /** Asked before the first read and after each; undefined: the same again. */
      buffer: () => {
        if (current === wanted) return undefined as unknown as Buffer
        current = wanted
        return current
      },
      callback: (length: number) => {
        memory.bytes[length] = 0
        this.reader.onBytes(memory.bytes, length)
        wanted = length < SHORT_READ_BYTES || this.socket.isPaused() ? memory.short : memory.long
        return true
      },
    }
    this.socket = open(onread)
  }
}

/** A socket that can't read into a buffer of ours, such as one with TLS: what it reads is copied there. */
export class CopyingSocket implements ReadingSocket {
  reader!: Reader
  readonly socket: Socket
  readonly tls: boolean

  constructor(memory: ReadBuffer, socket: Socket, tls: boolean) {
    this.socket = socket
    this.tls = tls
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length && !socket.destroyed; at += READ_BYTES) {
        const length = chunk.copy(memory.bytes, 0, at, at + READ_BYTES)
        memory.bytes[length] = 0
        this.reader.onBytes(memory.bytes, length)
      }
    })
  }
}

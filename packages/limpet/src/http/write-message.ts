import type { Socket } from 'node:net'
import type { CopyPool } from './copy-pool.ts'

/** Up to this many bytes go out as one string: the copy that makes it costs less than a second system call. */
const JOIN_BYTES = 8192

/**
 * Writes a head (Latin-1, may be empty) and parts of content with one system call where that is possible.
 * The parts are the socket's from now on. Returns false when it wants no more for now, as `write` does.
 */
export function writeMessage(socket: Socket, head: string, parts: readonly Buffer[]): boolean {
  if (parts.length === 0) return head === '' || socket.write(head, 'latin1')
  if (parts.length === 1) {
    const part = parts[0]!
    if (head === '') return socket.write(part)
    if (part.length <= JOIN_BYTES) return socket.write(head + part.toString('latin1'), 'latin1')
  }
  socket.cork()
  if (head !== '') socket.write(head, 'latin1')
  let wantsMore = true
  for (const part of parts) wantsMore = socket.write(part)
  socket.uncork()
  return wantsMore
}

/** As `writeMessage`, of parts whose bytes are another read's once the caller returns. */
export function writeBorrowed(
  socket: Socket,
  head: string,
  borrowed: readonly Buffer[],
  copies: CopyPool,
): boolean {
  let length = 0
  for (const part of borrowed) length += part.length
  if (length > JOIN_BYTES) return writeCopies(socket, head, borrowed, length, copies)
  let text = head
  for (const part of borrowed) text += part.toString('latin1')
  return text === '' || socket.write(text, 'latin1')
}

function writeCopies(
  socket: Socket,
  head: string,
  parts: readonly Buffer[],
  length: number,
  copies: CopyPool,
): boolean {
  // One for all parts: a read of small chunks has thousands of them.
  const copy = copies.take(length)
  let at = 0
  for (const part of parts) at += part.copy(copy, at)
  socket.cork()
  if (head !== '') socket.write(head, 'latin1')
  const wantsMore = socket.write(copy.subarray(0, length), () => copies.give(copy))
  socket.uncork()
  return wantsMore
}

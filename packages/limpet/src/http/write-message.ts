import type { Socket } from 'node:net'

/** Content up to this many bytes goes out in one string with its head: one copy costs less than a second call. */
const JOIN_BYTES = 8192

/**
 * Writes a head (Latin-1, may be empty) and parts of content with one system call where that is possible.
 * Returns false when the socket wants no more for now, as `write` does.
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

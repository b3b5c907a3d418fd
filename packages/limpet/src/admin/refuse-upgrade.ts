import type { Duplex } from 'node:stream'

/** Answers an upgrade with `status` and closes, though the client may leave its side open. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  const text = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  socket.end(text, () => socket.destroy())
}

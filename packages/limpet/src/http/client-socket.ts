import { Socket, type SocketConstructorOpts } from 'node:net'
import { CopyingSocket, DirectSocket, type ReadBuffer, type ReadingSocket } from './reading-socket.ts'

/** The parts of an accepted socket that Node keeps to itself. */
interface Internals {
  _handle?: object | null
  _server?: object | null
}

/**
 * Takes over a socket that a server with `pauseOnConnect` has just accepted, so that its reads land in
 * `readBuffer`. Node offers `onread` to sockets that a program makes, not to those it accepts, so a new socket
 * is put on the handle of the accepted one: undocumented, and worth 0.9 of 6.2 µs of user time for each small
 * request (docs/decisions/0005-reads-into-one-buffer.md). Where a Node has no such handle, the accepted socket
 * is used as it is, and its reads are copied to `readBuffer`.
 */
export function adoptClientSocket(accepted: Socket, readBuffer: ReadBuffer): ReadingSocket {
  const internals = accepted as Internals
  const handle = internals._handle
  if (!canReadIntoBuffer(handle)) return new CopyingSocket(readBuffer, accepted, false)
  const adopted = new DirectSocket(readBuffer, (onread) => {
    const options = { handle, allowHalfOpen: true, manualStart: true, onread }
    return new Socket(options as SocketConstructorOpts)
  })
  // The accepted socket is left without a connection, and the server counts the new one in its place.
  ;(adopted.socket as Internals)._server = internals._server ?? null
  internals._handle = null
  internals._server = null
  return adopted
}

/** Whether this Node's handles are as they were when this was written. */
function canReadIntoBuffer(handle: object | null | undefined): handle is object {
  return handle != null && 'useUserBuffer' in handle && typeof handle.useUserBuffer === 'function'
}

import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { CopyingSocket, DirectSocket, type ReadBuffer, type ReadingSocket } from './reading-socket.ts'

/** Where a replica listens. */
export interface ReplicaAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** The Unix socket that it listens at, in place of host and port. */
  readonly socketPath?: string
}

/** Opens a socket to a replica. */
export function openReplicaSocket(address: ReplicaAddress, readBuffer: ReadBuffer): ReadingSocket {
  const { host, port, tls, socketPath } = address
  if (tls) {
    const socket = connectTls({ host, port, servername: host, ALPNProtocols: ['http/1.1'] })
    socket.setNoDelay(true)
    return new CopyingSocket(readBuffer, socket, tls)
  }
  const place = socketPath === undefined ? { host, port, noDelay: true } : { path: socketPath }
  return new DirectSocket(readBuffer, (onread) => connect({ ...place, allowHalfOpen: true, onread }))
}

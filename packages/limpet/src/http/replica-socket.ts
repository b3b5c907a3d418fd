import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { CopyingSocket, DirectSocket, type ReadBuffer, type ReadingSocket } from './reading-socket.ts'

/** Where a replica listens. */
export interface ReplicaAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** Opens a socket to a replica. */
export function openReplicaSocket(address: ReplicaAddress, readBuffer: ReadBuffer): ReadingSocket {
  const { host, port, tls } = address
  if (tls) {
    const socket = connectTls({ host, port, servername: host, ALPNProtocols: ['http/1.1'] })
    socket.setNoDelay(true)
    return new CopyingSocket(readBuffer, socket, tls)
  }
  return new DirectSocket(readBuffer, (onread) =>
    connectTcp({ host, port, noDelay: true, allowHalfOpen: true, onread }),
  )
}

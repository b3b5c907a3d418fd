import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Where a replica listens. */
export interface ReplicaAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** A socket to a replica, and who takes what it reads. */
export interface ReplicaSocket {
  readonly socket: Socket
  readonly tls: boolean
  /** Called with each read. The bytes are borrowed: they are another read's as soon as the call returns. */
  onBytes: (borrowed: Buffer) => void
}

/**
 * Opens a socket to a replica. All of a thread's sockets read into `readBuffer`: a read makes no buffer of its
 * own, which saves the allocation and its collection (`docs/performance.md`). Node has this for TCP only.
 */
export function openReplicaSocket(address: ReplicaAddress, readBuffer: Buffer): ReplicaSocket {
  const { host, port, tls } = address
  const ignore = (): void => undefined
  if (tls) {
    const socket = connectTls({ host, port, servername: host, ALPNProtocols: ['http/1.1'] })
    socket.setNoDelay(true)
    const opened: ReplicaSocket = { socket, tls, onBytes: ignore }
    socket.on('data', (chunk: Buffer) => opened.onBytes(chunk))
    return opened
  }
  const callback = (length: number): boolean => {
    opened.onBytes(readBuffer.subarray(0, length))
    return true
  }
  const onread = { buffer: readBuffer, callback }
  const socket = connectTcp({ host, port, noDelay: true, allowHalfOpen: true, onread })
  const opened: ReplicaSocket = { socket, tls, onBytes: ignore }
  return opened
}

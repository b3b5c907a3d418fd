import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { PoolConfig } from '../config/schema.ts'
import type { HttpContext } from './http-context.ts'
import { type ConnectionHome, ReplicaConnection } from './replica-connection.ts'

/** Where a replica listens. */
export interface ReplicaAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** One thread's connections to one replica: those in use are with their exchanges, the idle ones wait here. */
export class ReplicaPool implements ConnectionHome {
  readonly address: ReplicaAddress
  readonly #config: PoolConfig
  readonly #context: HttpContext
  /** The latest to come back is the first to go out again: the others can grow old and be closed. */
  readonly #idle: ReplicaConnection[] = []
  #closed = false

  constructor(address: ReplicaAddress, config: PoolConfig, context: HttpContext) {
    this.address = address
    this.#config = config
    this.#context = context
  }

  /** An idle connection, or a new one that is still connecting; `fresh` asks for a new one. */
  acquire(fresh: boolean): ReplicaConnection {
    const idle = fresh ? undefined : this.#idle.pop()
    return idle ?? new ReplicaConnection(this.#connect(), this, this.#context)
  }

  release(connection: ReplicaConnection, nowMs: number, announcedMs: number): void {
    const { idleMs, maxIdle } = this.#config
    // A second before the replica closes it, so that no request meets a connection that is being closed.
    const keepMs = announcedMs < 0 ? idleMs : Math.min(idleMs, announcedMs - 1000)
    if (this.#closed || keepMs <= 0 || this.#idle.length >= maxIdle) {
      connection.destroy()
      return
    }
    connection.deadlineMs = nowMs + keepMs
    this.#idle.push(connection)
  }

  forget(connection: ReplicaConnection): void {
    const index = this.#idle.lastIndexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
  }

  /** Whether this pool is what a replica at `address` needs. */
  serves(address: ReplicaAddress, config: PoolConfig): boolean {
    const { host, port, tls } = this.address
    const { idleMs, maxIdle } = this.#config
    const sameAddress = host === address.host && port === address.port && tls === address.tls
    return sameAddress && !this.#closed && idleMs === config.idleMs && maxIdle === config.maxIdle
  }

  get idleCount(): number {
    return this.#idle.length
  }

  /** Closes the idle connections, and from now on each one that comes back. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  #connect(): Socket {
    const { host, port, tls } = this.address
    if (!tls) return connectTcp({ host, port, noDelay: true, allowHalfOpen: true })
    const socket = connectTls({ host, port, servername: host, ALPNProtocols: ['http/1.1'] })
    socket.setNoDelay(true)
    return socket
  }
}

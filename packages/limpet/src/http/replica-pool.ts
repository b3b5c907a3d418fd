import type { PoolConfig } from '../config/schema.ts'
import type { HttpContext } from './http-context.ts'
import { type ConnectionHome, ReplicaConnection } from './replica-connection.ts'
import { openReplicaSocket, type ReplicaAddress } from './replica-socket.ts'

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
    if (idle !== undefined) return idle
    const socket = openReplicaSocket(this.address, this.#context.readBuffer)
    return new ReplicaConnection(socket, this, this.#context)
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
    const { host, port, tls, socketPath } = this.address
    const { idleMs, maxIdle } = this.#config
    const samePlace = host === address.host && port === address.port && socketPath === address.socketPath
    const sameAddress = samePlace && tls === address.tls
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
}

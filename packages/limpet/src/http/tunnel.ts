import type { Socket } from 'node:net'
import type { Timed } from './deadlines.ts'
import type { HttpContext } from './http-context.ts'

/** A connection that has switched protocols (WebSocket and others): bytes go both ways, unseen. */
class Tunnel implements Timed {
  deadlineMs = Number.POSITIVE_INFINITY
  timedIndex = -1
  readonly #context: HttpContext
  readonly #client: Socket
  readonly #replica: Socket
  readonly #onOver: (fromClient: number, fromReplica: number) => void
  readonly #bytesBefore: number
  #open = 2

  constructor(
    context: HttpContext,
    client: Socket,
    replica: Socket,
    onOver: (fromClient: number, fromReplica: number) => void,
  ) {
    this.#context = context
    this.#client = client
    this.#replica = replica
    this.#onOver = onOver
    this.#bytesBefore = client.bytesWritten
    this.#join(client, replica)
    this.#join(replica, client)
    this.#touch()
    context.counters.tunnelOpened()
    context.deadlines.add(this)
  }

  #join(from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => {
      this.#touch()
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => {
      from.resume()
    })
    from.on('end', () => {
      to.end()
    })
    from.on('error', () => {
      // 'close' follows.
    })
    from.on('close', (hadError: boolean) => {
      if (hadError) to.resetAndDestroy()
      else to.destroySoon()
      this.#closed()
    })
  }

  #touch(): void {
    const { tunnelIdleMs } = this.#context.settings.timeouts
    if (tunnelIdleMs > 0) this.deadlineMs = performance.now() + tunnelIdleMs
  }

  onDeadline(): void {
    this.#context.counters.timedOut('tunnel-idle')
    this.destroy()
  }

  destroy(): void {
    this.#client.destroy()
    this.#replica.destroy()
  }

  #closed(): void {
    if (--this.#open > 0) return
    this.#context.deadlines.remove(this)
    this.#context.counters.tunnelClosed()
    this.#onOver(this.#replica.bytesWritten, this.#client.bytesWritten - this.#bytesBefore)
  }
}

/**
 * Joins two sockets. `fromClient` and `fromReplica` are bytes that came before; `onOver` is called once both
 * sockets are closed, with the bytes of each direction.
 */
export function startTunnel(
  context: HttpContext,
  client: Socket,
  replica: Socket,
  fromClient: Buffer,
  fromReplica: Buffer,
  onOver: (fromClient: number, fromReplica: number) => void,
): void {
  new Tunnel(context, client, replica, onOver)
  if (fromClient.length > 0) replica.write(fromClient)
  if (fromReplica.length > 0) client.write(fromReplica)
  client.resume()
  replica.resume()
}

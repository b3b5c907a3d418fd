import type { Channel } from '@limpet/replica/channel'
import type { WebSocket } from 'ws'
import { parseJson } from '../kit/read-text.ts'
import { isObject, readSocketRequest, type SocketWord, signed } from './echo-words.ts'

/** What a client that takes nothing may have waiting for it. */
const mostWaitingBytes = 256 * 1024
/** How long clients may take to answer a Close frame when the replica stops. */
const closingMs = 1000

/** The close codes of this replica's own; RFC 6455 §7.4.2 leaves 4000 to 4999 to applications. */
export const closeCodes = { goingAway: 1001, replaced: 4001 } as const

interface Held {
  readonly socket: WebSocket
  readonly end: AbortController
}

export interface ClientSocketsOptions {
  readonly replica: string
  readonly channel: Channel
  /** Told how many there are, whenever that has changed. */
  readonly onCount?: ((count: number) => void) | undefined
}

/** The sockets that this replica holds in its memory, one for each client. No other replica knows of them. */
export class ClientSockets {
  readonly #options: ClientSocketsOptions
  readonly #held = new Map<string, Held>()

  constructor(options: ClientSocketsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#held.size
  }

  /**
   * Takes a client's socket, which hears who it is with, then all that the channel has for this client behind the
   * position `after`. It takes the place of one that the same client has here, which is closed.
   */
  add(client: string, socket: WebSocket, after: string | undefined): void {
    const { replica } = this.#options
    const before = this.#held.get(client)
    const held: Held = { socket, end: new AbortController() }
    this.#held.set(client, held)
    before?.socket.close(closeCodes.replaced, 'the client has opened another socket')
    before?.end.abort()
    // 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#remove(client, held))
    socket.on('message', (data, isBinary) => this.#answer(socket, isBinary ? '' : String(data)))
    say(socket, { type: 'hello', replica, pid: process.pid })
    // The channel is closed before that only where the replica stops, and the sockets are closed then.
    this.#passOn(client, held, after).catch(() => socket.close(closeCodes.goingAway, 'the replica stops'))
    this.#options.onCount?.(this.count)
  }

  /** Sends over the socket of a client; false: this replica has none. */
  send(client: string, word: SocketWord): boolean {
    const socket = this.#held.get(client)?.socket
    if (socket === undefined || socket.readyState !== socket.OPEN) return false
    say(socket, word)
    return true
  }

  /** Closes all, as their replica goes away, and resolves when they are closed. */
  async close(): Promise<void> {
    const closing = [...this.#held.values()].map(
      ({ socket }) =>
        new Promise<void>((resolve) => {
          const deadline = setTimeout(() => socket.terminate(), closingMs)
          socket.once('close', () => {
            clearTimeout(deadline)
            resolve()
          })
          socket.close(closeCodes.goingAway, 'the replica stops')
        }),
    )
    await Promise.all(closing)
  }

  #remove(client: string, held: Held): void {
    held.end.abort()
    if (this.#held.get(client) !== held) return
    this.#held.delete(client)
    this.#options.onCount?.(this.count)
  }

  #answer(socket: WebSocket, text: string): void {
    const { replica } = this.#options
    const request = readSocketRequest(parseJson(text))
    if ('code' in request) say(socket, { type: 'error', ...request })
    else say(socket, { type: 'echo', replica, ref: request.ref, text: signed(replica, request.text) })
  }

  /** Sends on what is published to the client's topic, until its socket is closed. */
  async #passOn(client: string, { socket, end }: Held, after: string | undefined): Promise<void> {
    const { channel, replica } = this.#options
    const messages = channel.subscribe(topicOf(client), { after, signal: end.signal })
    for await (const { id, position, data, gap } of messages) {
      // Whoever else uses the channel may have published anything.
      if (!isObject(data)) continue
      const { from, text, ref } = data
      if (typeof from !== 'string' || typeof text !== 'string' || typeof ref !== 'string') continue
      const way = 'queue'
      say(socket, { type: 'message', way, id, position, gap, from, replica, ref, text: signed(from, text) })
    }
  }
}

/** The channel's topic of a client. */
export function topicOf(client: string): string {
  return `clients/${client}`
}

function say(socket: WebSocket, word: SocketWord): void {
  socket.send(JSON.stringify(word))
  if (socket.bufferedAmount > mostWaitingBytes) socket.terminate()
}

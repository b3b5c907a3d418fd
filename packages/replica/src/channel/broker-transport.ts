import { WebSocket } from 'ws'
import { ChannelError, ReplicaError, SettingsError } from '../errors.ts'
import type { Entry, Reading, Transport, TransportEvents } from './transport.ts'

/** The name of what is spoken with a router's broker (`Sec-WebSocket-Protocol`). */
const PROTOCOL = 'limpet-channel.1'
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000
/** How long a silent connection is believed in. */
const PING_MS = 10_000

/** What the broker says: an answer to a call, or a live entry. */
type Word =
  | { readonly op: 'done'; readonly ref: number; readonly value: unknown }
  | { readonly op: 'refused'; readonly ref: number; readonly code: string; readonly message: string }
  | { readonly op: 'entry'; readonly topic: string; readonly entry: WireEntry }
type WireEntry = readonly [position: string, previous: string, id: string, text: string]

interface Waiting {
  resolve(value: unknown): void
  reject(error: ReplicaError): void
}

/**
 * Keeps topics with the broker of a router, over one WebSocket.
 * @throws {SettingsError} when the router refuses the token or has no broker
 * @throws {ChannelError} when there is no answer in time
 */
export async function connectBrokerTransport(
  address: string,
  token: string,
  timeoutMs: number,
  events: TransportEvents,
): Promise<Transport> {
  const transport = new BrokerTransport(address, token, timeoutMs, events)
  await transport.open()
  return transport
}

class BrokerTransport implements Transport {
  readonly #url: URL
  readonly #token: string
  readonly #timeoutMs: number
  readonly #events: TransportEvents
  readonly #topics = new Set<string>()
  readonly #waiting = new Map<number, Waiting>()
  #socket: WebSocket | undefined
  #nextRef = 0
  #retryMs = FIRST_RETRY_MS
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(address: string, token: string, timeoutMs: number, events: TransportEvents) {
    this.#url = new URL('/channel', address)
    this.#token = token
    this.#timeoutMs = timeoutMs
    this.#events = events
  }

  /** Connects for the first time. */
  async open(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      this.#isClosed = true
      throw error
    }
  }

  async publish(topic: string, id: string, text: string): Promise<string> {
    return String(await this.#call({ op: 'publish', topic, id, text }))
  }

  async listen(topic: string): Promise<void> {
    this.#topics.add(topic)
    await this.#call({ op: 'listen', topic })
  }

  unlisten(topic: string): void {
    this.#topics.delete(topic)
    this.#call({ op: 'unlisten', topic }).catch(() => undefined)
  }

  async read(topic: string, after: string | undefined): Promise<Reading> {
    const value = await this.#call({ op: 'read', topic, after })
    const { entries, last, more } = value as { entries: WireEntry[]; last: string; more: boolean }
    return { entries: entries.map(entryOf), last, more }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#socket?.close(1000)
    this.#socket?.terminate()
  }

  #connect(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = new WebSocket(this.#url, PROTOCOL, {
      headers: { authorization: `Bearer ${this.#token}` },
      handshakeTimeout: this.#timeoutMs,
      perMessageDeflate: false,
    })
    let isAlive = true
    const pings = setInterval(() => {
      if (!isAlive) socket.terminate()
      isAlive = false
      if (socket.readyState === WebSocket.OPEN) socket.ping()
    }, PING_MS).unref()
    socket.on('pong', () => {
      isAlive = true
    })
    socket.on('unexpected-response', (_, response) => {
      const { statusCode: status } = response
      response.resume()
      socket.terminate()
      const message = `The router refused the channel with status ${status}: see its LIMPET_CHANNEL_TOKEN.`
      reject(status === 503 ? new ChannelError(message) : new SettingsError(message))
    })
    socket.on('error', (cause) => reject(new ChannelError("The router's broker does not answer.", { cause })))
    socket.on('open', () => {
      this.#socket = socket
      this.#retryMs = FIRST_RETRY_MS
      resolve()
    })
    socket.on('message', (text) => {
      isAlive = true
      this.#onWord(JSON.parse(String(text)) as Word)
    })
    socket.on('close', () => {
      clearInterval(pings)
      reject(new ChannelError("The router's broker has closed the connection."))
      if (this.#socket !== socket) return
      this.#socket = undefined
      for (const { reject } of this.#waiting.values()) reject(lost())
      this.#waiting.clear()
      this.#connectAgain()
    })
    return promise
  }

  #connectAgain(): void {
    if (this.#isClosed) return
    // Spread, so that all replicas of a router that was restarted don't come at once.
    const pauseMs = this.#retryMs * (0.5 + Math.random() / 2)
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS)
    this.#retry = setTimeout(() => {
      this.#connect().then(
        () => void this.#listenAgain(),
        () => this.#connectAgain(),
      )
    }, pauseMs)
  }

  async #listenAgain(): Promise<void> {
    const calls = [...this.#topics].map((topic) => this.#call({ op: 'listen', topic }))
    // What fails is read again later; a connection that breaks off meanwhile is made again in any case.
    await Promise.allSettled(calls)
    this.#events.onBack()
  }

  #call(request: object): Promise<unknown> {
    const socket = this.#socket
    if (socket === undefined) return Promise.reject(lost())
    const ref = this.#nextRef++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ref)
        reject(new ChannelError(`The router's broker did not answer within ${this.#timeoutMs} ms.`))
      }, this.#timeoutMs)
      const settle = <T>(how: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer)
          how(value)
        }
      }
      this.#waiting.set(ref, { resolve: settle(resolve), reject: settle(reject) })
      socket.send(JSON.stringify({ ...request, ref }))
    })
  }

  #onWord(word: Word): void {
    if (word.op === 'entry') {
      this.#events.onEntry(word.topic, entryOf(word.entry))
      return
    }
    const waiting = this.#waiting.get(word.ref)
    this.#waiting.delete(word.ref)
    if (word.op === 'done') waiting?.resolve(word.value)
    else waiting?.reject(new ReplicaError(word.code, 400, word.message))
  }
}

function entryOf([position, previous, id, text]: WireEntry): Entry {
  return { position, previous, id, text }
}

function lost(): ChannelError {
  return new ChannelError("The connection to the router's broker is lost.")
}

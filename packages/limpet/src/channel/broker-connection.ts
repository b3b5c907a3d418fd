import type { WebSocket } from 'ws'
import { z } from 'zod'
import type { Broker, BrokerLimits, Listener } from './broker.ts'
import type { WireEntry } from './topic-log.ts'

/** What may wait for a replica that does not read, in bytes; then it is cut off, and goes on from where it was. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024
const PING_MS = 10_000

const topic = z.string().regex(/^[^\p{Cc}\s]{1,200}$/u)
const ref = z.int().min(0)
const position = z.string().regex(/^\d{1,15}-\d{1,15}$/)
/** What a replica may ask for. */
const requestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('publish'), ref, topic, id: z.string().regex(/^\S{1,100}$/), text: z.string() }),
  z.object({ op: z.literal('listen'), ref, topic }),
  z.object({ op: z.literal('unlisten'), ref, topic }),
  z.object({ op: z.literal('read'), ref, topic, after: position.optional() }),
])
type Request = z.output<typeof requestSchema>

/** Why a request, or a connection, was refused. */
export type BrokerRefusal = 'unauthorized' | 'connections' | 'malformed' | 'listens' | 'too-large' | 'slow'

/** One replica's connection to the broker. */
export class BrokerConnection implements Listener {
  readonly #socket: WebSocket
  readonly #broker: Broker
  readonly #limits: BrokerLimits
  readonly #onRefusal: (why: BrokerRefusal) => void
  readonly #topics = new Set<string>()
  readonly #pings: NodeJS.Timeout
  #isAlive = true

  constructor(
    socket: WebSocket,
    broker: Broker,
    limits: BrokerLimits,
    onRefusal: (why: BrokerRefusal) => void,
  ) {
    this.#socket = socket
    this.#broker = broker
    this.#limits = limits
    this.#onRefusal = onRefusal
    this.#pings = setInterval(() => this.#beat(), PING_MS).unref()
    socket.on('message', (data, isBinary) => this.#onMessage(isBinary ? '' : String(data)))
    socket.on('pong', () => {
      this.#isAlive = true
    })
    // 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(this.#pings)
      for (const name of this.#topics) broker.unlisten(name, this)
    })
  }

  onEntry(name: string, entry: WireEntry): void {
    this.#say({ op: 'entry', topic: name, entry })
  }

  #beat(): void {
    if (!this.#isAlive) this.#socket.terminate()
    this.#isAlive = false
    this.#socket.ping()
  }

  #onMessage(text: string): void {
    this.#isAlive = true
    const request = read(text)
    if (request === undefined) {
      this.#onRefusal('malformed')
      // Unsupported data (RFC 6455 §7.4.1): whoever speaks so is not one of ours.
      this.#socket.close(1003, 'malformed')
      return
    }
    const { ref } = request
    if (request.op === 'publish' && Buffer.byteLength(request.text) > this.#limits.messageBytes)
      this.#refuse(ref, 'too-large', `A message may hold at most ${this.#limits.messageBytes} bytes as JSON.`)
    else if (request.op === 'listen' && !this.#broker.listen(request.topic, this))
      this.#refuse(ref, 'listens', `At most ${this.#limits.listens} topics can be listened to.`)
    else this.#say({ op: 'done', ref, value: this.#carryOut(request) })
  }

  #carryOut(request: Request): unknown {
    const broker = this.#broker
    switch (request.op) {
      case 'publish':
        return broker.publish(request.topic, request.id, request.text)
      case 'read':
        return broker.read(request.topic, request.after)
      case 'listen':
        this.#topics.add(request.topic)
        return null
      case 'unlisten':
        this.#topics.delete(request.topic)
        broker.unlisten(request.topic, this)
        return null
    }
  }

  #refuse(ref: number, why: BrokerRefusal, message: string): void {
    this.#onRefusal(why)
    this.#say({ op: 'refused', ref, code: `LIMPET_CHANNEL_${why.toUpperCase().replace('-', '_')}`, message })
  }

  #say(word: object): void {
    if (this.#socket.bufferedAmount > MOST_WAITING_BYTES) {
      this.#onRefusal('slow')
      this.#socket.terminate()
    } else this.#socket.send(JSON.stringify(word))
  }
}

function read(text: string): Request | undefined {
  try {
    return requestSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

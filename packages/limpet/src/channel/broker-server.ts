import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { isLoopbackAddress, isSameToken } from '../admin/admin-guard.ts'
import { refuseUpgrade } from '../admin/refuse-upgrade.ts'
import type { ChannelCounts } from '../observe/channel-metrics.ts'
import { Broker, brokerLimits } from './broker.ts'
import { BrokerConnection, type BrokerRefusal } from './broker-connection.ts'

/** What replicas and the broker speak (`Sec-WebSocket-Protocol`). */
const PROTOCOL = 'limpet-channel.1'
const IPV4_MAPPED = '::ffff:'

/**
 * The broker as replicas of this machine reach it: by a WebSocket with the token, from a loopback address. The
 * upgrade is that of the admin listener at `/channel`.
 */
export class BrokerServer {
  readonly #token: string
  readonly #broker = new Broker()
  readonly #server = new WebSocketServer({
    noServer: true,
    // JSON of JSON: a character may take six there.
    maxPayload: 8 * brokerLimits.messageBytes,
    perMessageDeflate: false,
    handleProtocols: () => PROTOCOL,
  })
  readonly #refused: Record<BrokerRefusal, number> = {
    unauthorized: 0,
    connections: 0,
    malformed: 0,
    listens: 0,
    'too-large': 0,
    slow: 0,
  }

  constructor(token: string) {
    this.#token = token
  }

  get counts(): ChannelCounts {
    return { ...this.#broker.counts, connections: this.#server.clients.size, refused: this.#refused }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const status = this.#refusalOf(request)
    if (status !== undefined) {
      refuseUpgrade(socket, status)
      return
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      new BrokerConnection(webSocket, this.#broker, brokerLimits, (why) => this.#refused[why]++)
    })
  }

  close(): void {
    this.#broker.stop()
    for (const client of this.#server.clients) {
      client.close(1001, 'the router stops')
      client.terminate()
    }
    this.#server.close()
  }

  #refusalOf(request: IncomingMessage): string | undefined {
    const address = request.socket.remoteAddress ?? ''
    const peer = address.startsWith(IPV4_MAPPED) ? address.slice(IPV4_MAPPED.length) : address
    const given = /^bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (!isLoopbackAddress(peer) || given === undefined || !isSameToken(given, this.#token)) {
      this.#refused.unauthorized++
      return '401 Unauthorized'
    }
    if (!(request.headers['sec-websocket-protocol'] ?? '').split(/ *, */).includes(PROTOCOL)) {
      this.#refused.malformed++
      return '400 Bad Request'
    }
    if (this.#server.clients.size < brokerLimits.connections) return undefined
    this.#refused.connections++
    return '503 Service Unavailable'
  }
}

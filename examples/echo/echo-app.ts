import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Channel } from '@limpet/replica/channel'
import { WebSocketServer } from 'ws'
import { isJson, isOfThisSite } from '../kit/browser-origin.ts'
import { parseJson, readText } from '../kit/read-text.ts'
import { ClientSockets, topicOf } from './client-sockets.ts'
import { type EchoErrorCode, type EchoRequest, isClientId, readEchoRequest, signed } from './echo-words.ts'
import { readPage, type SendFile } from './page-files.ts'

export interface EchoAppOptions {
  /** The replica's name: letters, digits, `.`, `_`, `:` and `-`. */
  readonly name: string
  /** What joins this replica with the others. The caller closes it, after the app. */
  readonly channel: Channel
  /** Where the page finds the controls of the demo; by default there are none. */
  readonly controls?: string | undefined
  /** Told how many WebSockets the replica holds, whenever that has changed. */
  readonly onSockets?: (count: number) => void
  /** How many WebSockets it takes. */
  readonly maxSockets?: number
}

/** The echo demo in one replica, to be put into any HTTP server. */
export interface EchoApp {
  /** Answers what is the app's: the page, its files and `/echo`. False: it isn't, and nothing was done. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Takes the server's `upgrade` event: WebSockets at `/echo/socket`, and nothing else. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Closes all WebSockets with 1001 and takes no new ones. */
  close(): Promise<void>
}

const maxBodyBytes = 4096
const position = /^\d{1,15}-\d{1,15}$/

const statuses: Readonly<Record<EchoErrorCode, number>> = {
  ECHO_BAD_REQUEST: 400,
  ECHO_TOO_LONG: 400,
  ECHO_NOT_JSON: 415,
  ECHO_FOREIGN: 403,
  ECHO_FULL: 503,
  ECHO_STOPPING: 503,
  ECHO_CHANNEL: 503,
  ECHO_NOT_FOUND: 404,
  ECHO_METHOD: 405,
}

/** @throws {Error} for a name that can't be one */
export function createEchoApp(options: EchoAppOptions): EchoApp {
  const { name, channel, controls = '', onSockets, maxSockets = 1000 } = options
  if (!/^[\w.:-]{1,64}$/.test(name)) throw new Error(`"${name}" can't be the name of a replica.`)
  const page = readPage({ replica: name, controls })
  const sockets = new ClientSockets({ replica: name, channel, onCount: onSockets })
  const server = new WebSocketServer({ noServer: true, maxPayload: maxBodyBytes, perMessageDeflate: false })
  let stopping = false

  const send = (response: ServerResponse, status: number, body: object): void => {
    const content = JSON.stringify({ replica: name, ...body })
    const length = Buffer.byteLength(content)
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': length,
      'cache-control': 'no-store',
    })
    response.end(content)
  }
  const refuse = (response: ServerResponse, code: EchoErrorCode, message: string): void =>
    send(response, statuses[code], { error: { code, message } })

  /** Which replica this is, so that a page can ask where its session is before it opens its socket. */
  const where: SendFile = (_request, response) =>
    send(response, stopping ? 503 : 200, { pid: process.pid, sockets: sockets.count })

  async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request, maxBodyBytes)
    if (!isOfThisSite(request))
      return refuse(response, 'ECHO_FOREIGN', 'A page of another site must not do this.')
    if (!isJson(request))
      return refuse(response, 'ECHO_NOT_JSON', 'Send the content as content-type: application/json.')
    if (text === undefined)
      return refuse(response, 'ECHO_TOO_LONG', `The content may have ${maxBodyBytes} bytes at most.`)
    const asked = readEchoRequest(parseJson(text))
    if ('code' in asked) return refuse(response, asked.code, asked.message)
    if (asked.way === 'http') send(response, 200, { way: 'http', text: signed(name, asked.text) })
    else if (asked.way === 'socket') send(response, 200, overSocket(asked))
    else await publish(asked, response)
  }

  function overSocket({ client, text, ref }: EchoRequest): object {
    const id = randomUUID()
    const word = { type: 'message', way: 'socket', id, from: name, replica: name, ref } as const
    const delivered = sockets.send(client, { ...word, text: signed(name, text) })
    if (delivered) return { way: 'socket', delivered, id }
    const note = 'I have no connection to this client: its WebSocket is not in my memory.'
    return { way: 'socket', delivered, code: 'ECHO_NO_SOCKET', text: signed(name, note) }
  }

  async function publish({ client, text, ref }: EchoRequest, response: ServerResponse): Promise<void> {
    try {
      const published = await channel.publish(topicOf(client), { from: name, text, ref })
      send(response, 200, { way: 'queue', ...published })
    } catch {
      refuse(response, 'ECHO_CHANNEL', 'The channel is out of reach, so the message was perhaps not kept.')
    }
  }

  function handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = (request.url ?? '/').split('?', 1)[0]!
    const read = page.get(path) ?? (path === '/echo/where' ? where : undefined)
    if (read === undefined && path !== '/echo') return false
    const { method = '' } = request
    const allowed = read === undefined ? ['POST'] : ['GET', 'HEAD']
    if (!allowed.includes(method)) {
      response.setHeader('allow', allowed.join(', '))
      refuse(response, 'ECHO_METHOD', `${path} takes ${allowed.join(' and ')}.`)
    } else if (read !== undefined) read(request, response)
    else echo(request, response).catch(() => response.destroy())
    return true
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that resets its connection is no reason to end.
    socket.on('error', () => socket.destroy())
    const [path = '/', query] = (request.url ?? '/').split('?', 2)
    const asked = new URLSearchParams(query)
    const client = asked.get('client')
    const after = asked.get('after') ?? undefined
    const refused = refusalOf(request, path, client, after)
    if (refused === undefined) {
      server.handleUpgrade(request, socket, head, (webSocket) => sockets.add(client!, webSocket, after))
      return
    }
    const [code, message] = refused
    const content = JSON.stringify({ replica: name, error: { code, message } })
    const type = 'Content-Type: application/json\r\n'
    const length = `Content-Length: ${Buffer.byteLength(content)}\r\n`
    socket.end(`HTTP/1.1 ${statuses[code]} Refused\r\nConnection: close\r\n${type}${length}\r\n${content}`)
  }

  function refusalOf(
    request: IncomingMessage,
    path: string,
    client: string | null,
    after: string | undefined,
  ): [code: EchoErrorCode, message: string] | undefined {
    if (path !== '/echo/socket') return ['ECHO_NOT_FOUND', 'There is no WebSocket at this path.']
    if (!isOfThisSite(request)) return ['ECHO_FOREIGN', 'A page of another site must not do this.']
    if (!isClientId(client)) return ['ECHO_BAD_REQUEST', "'client' must be a UUID in lower case."]
    if (after !== undefined && !position.test(after))
      return ['ECHO_BAD_REQUEST', "'after' must be the position of a message, or 0-0."]
    if (stopping) return ['ECHO_STOPPING', 'This replica stops: come back, and another one takes you.']
    if (sockets.count >= maxSockets) return ['ECHO_FULL', `This replica holds ${maxSockets} WebSockets.`]
    return undefined
  }

  return {
    handle,
    upgrade,
    async close() {
      stopping = true
      await sockets.close()
      server.close()
    },
  }
}

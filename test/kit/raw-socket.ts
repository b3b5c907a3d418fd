import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { until, within } from './process.ts'

/** A client's connection, byte for byte. */
export interface RawSocket extends Disposable {
  readonly socket: Socket
  /** All that has come, as latin1. */
  readonly received: string
  /** How the connection has ended: by the peer's FIN or reset, or not yet. */
  readonly end: 'fin' | 'reset' | undefined
  send(text: string): void
  /** Resolves when `text` stands in what has come; rejects when it has not within 10 s or the connection ends. */
  receives(text: string): Promise<void>
  /** Resolves when the peer has ended the connection; rejects when it has not within 10 s. */
  ended(): Promise<void>
}

/** Opens a connection to `port` of 127.0.0.1; rejects when it is refused. */
export async function openRaw(port: number, localAddress = '127.0.0.1'): Promise<RawSocket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  await within(10_000, 'a connection', once(socket, 'connect'))
  let received = ''
  let end: 'fin' | 'reset' | undefined
  const over = Promise.withResolvers<void>()
  const finish = (how: 'fin' | 'reset'): void => {
    end ??= how
    over.resolve()
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => (received += text))
  socket.on('end', () => finish('fin'))
  socket.on('error', () => finish('reset'))
  socket.on('close', () => over.resolve())
  return {
    socket,
    get received() {
      return received
    },
    get end() {
      return end
    },
    send: (text) => void socket.write(text, 'latin1'),
    async receives(text) {
      await until(`"${text}"`, () => received.includes(text) || end !== undefined)
      if (!received.includes(text)) throw new Error(`The connection ended (${end}) with: ${received}`)
    },
    ended: () => within(10_000, 'the end of a connection', over.promise),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { within } from '../kit/process.ts'
import { openRaw, type RawSocket } from '../kit/raw-socket.ts'
import { startRouter, type TestRouter } from '../kit/router.ts'
import { type ScriptedReplica, startScriptedReplica } from '../kit/scripted-replica.ts'
import {
  CLOSE,
  CONTINUATION,
  closePayload,
  createFrameReader,
  type Frame,
  frame,
  PING,
  PONG,
  TEXT,
} from './frames.ts'
import { webSocketFields } from './raw-client.ts'

/** How often silent ends are pinged here. */
const PING_MS = 400
const toClient = { masked: false }

/** One end of a WebSocket and the frames that have come to it. */
interface End {
  readonly socket: Socket
  readonly frames: Frame[]
  /** Resolves to the next frame. */
  next(): Promise<Frame>
  send(opcode: number, payload: Buffer | string): void
}

function endOf(socket: Socket, masks: boolean, early: Buffer): End {
  const frames: Frame[] = []
  const reader = createFrameReader()
  let taken = 0
  let onFrame = (): void => undefined
  const take = (bytes: Buffer): void => {
    frames.push(...reader.read(bytes))
    onFrame()
  }
  take(early)
  socket.on('data', (chunk: Buffer | string) => take(Buffer.from(chunk as string, 'latin1')))
  socket.on('error', () => undefined)
  return {
    socket,
    frames,
    async next() {
      const come = new Promise<void>((resolve) => {
        onFrame = () => frames.length > taken && resolve()
      })
      if (frames.length === taken) await within(10_000, 'a frame', come)
      return frames[taken++]!
    },
    send: (opcode, payload) => void socket.write(frame(opcode, payload, { masked: masks })),
  }
}

function isClose({ opcode, payload }: Frame, code: number, reason: string): void {
  assert.deepEqual([opcode, payload.readUInt16BE(0), payload.toString('latin1', 2)], [CLOSE, code, reason])
}

describe('frames of the router', () => {
  let replica: ScriptedReplica
  let router: TestRouter
  let upgraded: (socket: Socket) => void
  const configOf = (top: string, drain = false) =>
    `${top}\nservices:\n  - name: app\n    session: query:sid\n    drainTimeout: 1ms\n    replicas: [{ url: "${replica.url}", name: a, drain: ${drain} }, { url: "${replica.url.replace('127.0.0.1', 'localhost')}", name: b, drain: ${!drain} }]`

  before(async () => {
    replica = await startScriptedReplica({
      '/ws': ({ fields, socket }) => {
        const key = `${fields.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
        const accept = createHash('sha1').update(key).digest('base64')
        socket.removeAllListeners('data')
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        )
        upgraded(socket)
      },
    })
  })
  beforeEach(async () => {
    router = await startRouter({ config: configOf(''), workers: 1 })
  })
  after(() => replica[Symbol.asyncDispose]())
  afterEach(() => router[Symbol.asyncDispose]())

  /** Both ends of a new WebSocket through the router, at replica `a`. */
  async function openBoth(): Promise<{ client: End; server: End; raw: RawSocket }> {
    const reached = new Promise<Socket>((resolve) => {
      upgraded = resolve
    })
    const raw = await openRaw(router.port)
    raw.send(`GET /ws?sid=x HTTP/1.1\r\nHost: test\r\n${webSocketFields.join('\r\n')}\r\n\r\n`)
    const socket = await within(5000, 'the upgrade', reached)
    await raw.receives('\r\n\r\n')
    const early = raw.received.slice(raw.received.indexOf('\r\n\r\n') + 4)
    return {
      client: endOf(raw.socket, true, Buffer.from(early, 'latin1')),
      server: endOf(socket, false, Buffer.alloc(0)),
      raw,
    }
  }

  const drain = () => router.reload(configOf('', true))

  test('a Close frame waits for the end of the message that is under way, and is the last', async () => {
    const { client, server, raw } = await openBoth()
    server.socket.write(frame(TEXT, 'one ', { ...toClient, fin: false }))
    assert.equal(String((await client.next()).payload), 'one ')
    await drain()
    // The router looks at its tunnels every 100 ms, and waits a second for the message.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const rest = frame(CONTINUATION, 'message', toClient)
    server.socket.write(rest.subarray(0, 4))
    server.socket.write(Buffer.concat([rest.subarray(4), frame(TEXT, 'too late', toClient)]))
    assert.equal(String((await client.next()).payload), 'message')
    isClose(await client.next(), 1012, 'drained')
    // What the client still sends reaches the replica, and its answer to the Close frame too.
    client.send(TEXT, 'on my way')
    client.send(CLOSE, closePayload(1012))
    assert.equal(String((await server.next()).payload), 'on my way')
    isClose(await server.next(), 1012, '')
    await raw.ended()
    assert.equal(raw.end, 'fin')
    assert.equal(client.frames.length, 3)
    server.socket.destroy()
  })

  test('a Close frame does not wait for ever for a message that does not end', async () => {
    const { client, server } = await openBoth()
    server.socket.write(frame(TEXT, 'one ', { ...toClient, fin: false }))
    await client.next()
    await drain()
    isClose(await client.next(), 1012, 'drained')
    client.socket.destroy()
    server.socket.destroy()
  })

  test('a client in the middle of a frame that does not end is cut off in the end', async () => {
    const { raw, server } = await openBoth()
    server.socket.write(frame(TEXT, 'never whole', toClient).subarray(0, 5))
    await drain()
    await raw.ended()
    assert.ok(raw.received.endsWith('\r\n\r\n\x81\x0bnev'), 'no Close frame in the middle of another')
    server.socket.destroy()
  })

  test('ends that do not answer a Close frame are cut off in the end', async () => {
    const { client, server, raw } = await openBoth()
    await drain()
    isClose(await client.next(), 1012, 'drained')
    await within(8000, 'the end at the replica', once(server.socket, 'close'))
    await raw.ended()
  })

  test('a WebSocket that is being closed by its own ends is left alone', async () => {
    const { client, server, raw } = await openBoth()
    server.send(CLOSE, closePayload(4000, 'mine'))
    isClose(await client.next(), 4000, 'mine')
    await drain()
    client.send(CLOSE, closePayload(4000))
    isClose(await server.next(), 4000, '')
    server.socket.end()
    await raw.ended()
    assert.equal(client.frames.length, 1)
  })

  test('a replica that breaks off in the middle of a frame leaves the client with no Close frame', async () => {
    const { raw, server } = await openBoth()
    server.socket.write(frame(TEXT, 'half', toClient).subarray(0, 4))
    await raw.receives('\x81\x04ha')
    server.socket.resetAndDestroy()
    await raw.ended()
    assert.ok(raw.received.endsWith('\x81\x04ha'))
  })

  test('a client that leaves without a Close frame is not told anything', async () => {
    const { client, server } = await openBoth()
    const ended = once(server.socket, 'end')
    client.socket.end()
    await within(5000, 'the end', ended)
    server.socket.end()
    await within(5000, 'the end', once(client.socket, 'close'))
    assert.equal(client.frames.length, 0)
  })

  describe('pings', () => {
    const pings = () => router.reload(configOf(`timeouts: { tunnelPing: ${PING_MS}ms, tunnelIdle: 1s }`))

    test('keep a WebSocket open whose ends answer, past its idle time', async () => {
      await pings()
      const { client, server } = await openBoth()
      for (let round = 0; round < 5; round++) {
        const [atClient, atServer] = await Promise.all([client.next(), server.next()])
        assert.deepEqual([atClient.opcode, atClient.masked, atClient.payload.length], [PING, false, 0])
        assert.deepEqual([atServer.opcode, atServer.masked, atServer.payload.length], [PING, true, 0])
        client.send(PONG, '')
        server.send(PONG, '')
        // Pongs are passed on: nobody minds one (RFC 6455 §5.5.3).
        assert.deepEqual([(await client.next()).opcode, (await server.next()).opcode], [PONG, PONG])
      }
      client.socket.destroy()
      server.socket.destroy()
    })

    test('go to the silent end alone', async () => {
      await pings()
      const { client, server } = await openBoth()
      const talking = setInterval(() => server.send(TEXT, 'news'), 50)
      while ((await client.next()).opcode !== PING);
      clearInterval(talking)
      assert.deepEqual(server.frames, [])
      client.socket.destroy()
      server.socket.destroy()
    })

    test('do not cut a frame that is under way in two', async () => {
      await pings()
      const { client, server } = await openBoth()
      const message = frame(TEXT, 'in two pieces', toClient)
      server.socket.write(message.subarray(0, 6))
      await new Promise((resolve) => setTimeout(resolve, 2.5 * PING_MS))
      server.socket.write(message.subarray(6))
      assert.equal(String((await client.next()).payload), 'in two pieces')
      assert.equal((await client.next()).opcode, PING)
      client.socket.destroy()
      server.socket.destroy()
    })

    test('that a client does not answer end its WebSocket, and tell it', async () => {
      await pings()
      const before = (await router.metrics()).sum('limpet_timeouts_total', { kind: 'tunnel-silent' })
      const { client, server, raw } = await openBoth()
      const answering = setInterval(() => server.send(PONG, ''), PING_MS / 4)
      while ((await client.next()).opcode !== CLOSE);
      isClose(client.frames.at(-1)!, 1012, 'silent')
      clearInterval(answering)
      await raw.ended()
      const after = await router.metrics()
      assert.equal(after.sum('limpet_timeouts_total', { kind: 'tunnel-silent' }), before + 1)
      assert.ok(after.sum('limpet_tunnel_ends_total', { reason: 'silent' }) >= 1)
      server.socket.destroy()
    })
  })

  test('an idle WebSocket is closed with 1001', async () => {
    await router.reload(configOf('timeouts: { tunnelIdle: 300ms }'))
    const { client, server, raw } = await openBoth()
    isClose(await client.next(), 1001, 'idle')
    client.send(CLOSE, closePayload(1001))
    isClose(await server.next(), 1001, '')
    await raw.ended()
    server.socket.destroy()
  })

  test('what only looks like a WebSocket gets none', async () => {
    const { client, server, raw } = await openBoth()
    server.socket.write(Buffer.from([0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
    server.socket.write('anything at all')
    await raw.receives('anything at all')
    await drain()
    await raw.ended()
    assert.ok(raw.received.endsWith('anything at all'))
    client.socket.destroy()
  })
})

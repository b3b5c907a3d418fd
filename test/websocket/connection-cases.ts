import assert from 'node:assert/strict'
import { BINARY, CLOSE, closePayload, createFrameReader, frame, PING, TEXT } from './frames.ts'
import { type CaseClient, type Transcript, webSocketFields } from './raw-client.ts'
import type { End } from './recording.ts'
import type { WebSocketCase } from './websocket-case.ts'

const bye = frame(CLOSE, closePayload(1000))
const hello = frame(TEXT, 'hello')
/** Without its mask, as the server sends it back. */
const helloBackBytes = hello.length - 4
const large = frame(BINARY, Buffer.alloc(2 ** 20, 'large'))

function saw(client: readonly End[], server: readonly End[]): (direct: Transcript) => void {
  return ({ status, clientSaw, serverSaw }) => {
    assert.equal(status, 101)
    assert.deepEqual([clientSaw, serverSaw], [client, server])
  }
}

/** Expects the server's text frames to be these. */
function texts(...expected: string[]): (direct: Transcript) => void {
  return ({ toClient }) => {
    const frames = createFrameReader().read(toClient)
    const found = frames.filter(({ opcode }) => opcode === TEXT).map(({ payload }) => payload.toString())
    assert.deepEqual(found, expected)
  }
}

async function sayHello(client: CaseClient): Promise<void> {
  await client.write(hello)
  await client.receives(helloBackBytes)
}

const early: readonly WebSocketCase[] = [
  {
    title: 'frames in one write with the request',
    handshake: { path: '/echo', early: Buffer.concat([hello, frame(PING, 'early'), bye]) },
    act: async () => undefined,
    check: texts('hello'),
  },
  {
    title: '1 MiB in one write with the request',
    handshake: { path: '/echo', early: large },
    act: (client) => client.write(bye),
    check: ({ toServer }) => assert.equal(toServer.length, large.length + bye.length),
  },
  {
    title: 'half a frame with the request, and the rest later',
    handshake: { path: '/echo', early: hello.subarray(0, 5) },
    act: async (client) => {
      await client.arrived()
      await client.write(Buffer.concat([hello.subarray(5), bye]))
    },
    check: texts('hello'),
  },
  {
    title: 'a frame in one write with the 101',
    handshake: { path: '/greet' },
    act: (client) => client.write(bye),
    check: texts('welcome'),
  },
  {
    title: '200 kB in one write with the 101',
    handshake: { path: '/greet-large' },
    act: (client) => client.write(bye),
    check: ({ toClient }) => assert.ok(toClient.length > 200_000),
  },
  {
    title: 'a client that reads nothing while 8 MiB come back',
    handshake: { path: '/echo' },
    act: async (client) => {
      client.pause()
      const written = Array.from({ length: 8 }, () => client.write(large))
      await Promise.all(written)
      await client.arrived()
      client.resume()
      await client.write(bye)
    },
    check: ({ toClient }) => assert.ok(toClient.length > 8 * 2 ** 20),
  },
]

const ends: readonly WebSocketCase[] = [
  {
    title: 'the client half-closes, and the server still answers',
    handshake: { path: '/late' },
    act: async (client) => {
      await client.write(hello)
      client.fin()
    },
    check: (direct) => {
      saw(['fin'], ['fin'])(direct)
      texts('all of it')(direct)
    },
  },
  {
    title: 'the server half-closes, and the client still sends',
    told: true,
    handshake: { path: '/fin' },
    act: async (client) => {
      await client.ended()
      await client.write(large)
      await client.write(hello)
      await client.arrived()
    },
    check: (direct) => {
      saw(['fin'], ['fin'])(direct)
      assert.equal(direct.toServer.length, large.length + hello.length)
    },
  },
  {
    title: 'the client ends without Close',
    handshake: { path: '/echo' },
    act: async (client) => {
      await sayHello(client)
      client.fin()
    },
    check: saw(['fin'], ['fin']),
  },
  {
    title: 'the client resets',
    handshake: { path: '/echo' },
    act: async (client) => {
      await sayHello(client)
      client.reset()
    },
    check: saw([], ['reset']),
  },
  {
    title: 'the client resets in the middle of a frame',
    handshake: { path: '/echo' },
    act: async (client) => {
      await sayHello(client)
      await client.write(large.subarray(0, 1000))
      await client.arrived()
      client.reset()
    },
    check: saw([], ['reset']),
  },
  {
    title: 'the client resets after the server has half-closed',
    told: true,
    handshake: { path: '/fin' },
    act: async (client) => {
      await client.ended()
      await client.write(hello)
      await client.arrived()
      client.reset()
    },
    check: saw(['fin'], ['reset']),
  },
  {
    title: 'the server resets',
    told: true,
    handshake: { path: '/reset-on-data' },
    act: async (client) => {
      await client.receives(8)
      await client.write(hello)
    },
    check: (direct) => {
      saw(['reset'], [])(direct)
      texts('before')(direct)
    },
  },
  {
    title: 'the server ends without Close',
    told: true,
    handshake: { path: '/fin-on-data' },
    act: (client) => client.write(hello),
    check: saw(['fin'], ['fin']),
  },
  {
    title: 'the server closes first',
    handshake: { path: '/closes' },
    act: async (client) => {
      await client.receives(14)
      await client.write(frame(CLOSE, closePayload(1001)))
    },
    check: (direct) => {
      saw(['fin'], ['fin'])(direct)
      const [close] = createFrameReader().read(direct.toClient)
      assert.equal(close?.payload.toString('latin1', 2), 'going away')
    },
  },
]

function refused(
  title: string,
  status: number,
  handshake: WebSocketCase['handshake'],
  bodyBytes = 0,
): WebSocketCase {
  return {
    title,
    handshake,
    act: async (client) => {
      await client.receives(bodyBytes)
      client.fin()
    },
    check: (direct) => {
      assert.equal(direct.toClient.length, bodyBytes)
      assert.equal(direct.status, status)
      assert.equal(direct.toServer.length, 0)
    },
  }
}

const without = (name: string): string[] => webSocketFields.filter((field) => !field.startsWith(name))

function switches(title: string, fields: readonly string[], answered: RegExp): WebSocketCase {
  return {
    title,
    handshake: { path: '/echo', fields },
    act: (client) => client.write(Buffer.concat([hello, bye])),
    check: (direct) => {
      assert.equal(direct.status, 101)
      texts('hello')(direct)
      assert.match(direct.answerFields.join('\n'), answered)
    },
  }
}

const handshakes: readonly WebSocketCase[] = [
  refused('404 to the handshake', 404, { path: '/404' }, 9),
  refused('401 to the handshake, with its challenge', 401, { path: '/401' }, 10),
  refused('another version', 426, {
    path: '/echo',
    fields: [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8'],
  }),
  refused('no Connection: upgrade', 426, { path: '/echo', fields: without('Connection') }),
  refused('no Upgrade', 426, { path: '/echo', fields: without('Upgrade') }),
  refused('another protocol', 426, {
    path: '/echo',
    fields: [...without('Upgrade'), 'Upgrade: example/2'],
  }),
  refused('h2c', 426, { path: '/echo', fields: [...without('Upgrade'), 'Upgrade: h2c'] }),
  refused('HTTP/1.0', 426, { path: '/echo', requestLine: 'GET /echo HTTP/1.0' }),
  refused('POST', 405, {
    path: '/echo',
    requestLine: 'POST /echo HTTP/1.1',
    fields: [...webSocketFields, 'Content-Length: 0'],
  }),
  switches('a handshake', webSocketFields, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/),
  switches(
    'the spelling of another client',
    ['connection: keep-alive, Upgrade', 'upgrade: WebSocket', ...webSocketFields.slice(2)],
    /Accept/,
  ),
  switches(
    'a sub-protocol',
    [...webSocketFields, 'Sec-WebSocket-Protocol: chat, superchat'],
    /^Sec-WebSocket-Protocol: superchat$/m,
  ),
  switches(
    'sub-protocols on several lines',
    [...webSocketFields, 'Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: b, c'],
    /^Sec-WebSocket-Protocol: c$/m,
  ),
  switches(
    'permessage-deflate',
    [...webSocketFields, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12'],
    /^Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover$/m,
  ),
]

/** How a connection begins and ends. */
export const connectionCases: readonly WebSocketCase[] = [...handshakes, ...early, ...ends]

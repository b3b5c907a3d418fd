import assert from 'node:assert/strict'
import { deflateRawSync } from 'node:zlib'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  createFrameReader,
  type FrameOptions,
  frame,
  PING,
  PONG,
  TEXT,
} from './frames.ts'
import { webSocketFields } from './raw-client.ts'
import type { WebSocketCase } from './websocket-case.ts'

const bye = frame(CLOSE, closePayload(1000))
const part = (opcode: number, payload: Buffer | string): Buffer => frame(opcode, payload, { fin: false })

/** Writes `bytes` at once and expects the server to end with Close `code`; null for a Close without one. */
function sends(title: string, bytes: Buffer, code: number | null = 1000): WebSocketCase {
  return {
    title,
    handshake: { path: '/echo' },
    act: (client) => client.write(bytes),
    check: ({ status, toClient, toServer, clientSaw }) => {
      assert.equal(status, 101)
      assert.ok(toServer.equals(bytes))
      const last = createFrameReader().read(toClient).at(-1)
      assert.equal(last?.opcode, CLOSE)
      assert.equal(last.payload.length === 0 ? null : last.payload.readUInt16BE(), code)
      assert.deepEqual(clientSaw, ['fin'])
    },
  }
}

function sendsMessage(title: string, ...frames: Buffer[]): WebSocketCase {
  return sends(title, Buffer.concat([...frames, bye]))
}

/** A frame that fails the connection, in the middle of others: the one behind it is not answered. */
function sendsInvalid(title: string, code: number, ...frames: Buffer[]): WebSocketCase {
  const before = frame(TEXT, 'before')
  return sends(title, Buffer.concat([before, ...frames, frame(TEXT, 'behind')]), code)
}

const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 2 ** 20]
const pattern = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251))

const valid: readonly WebSocketCase[] = [
  ...sizes.map((bytes) => sendsMessage(`a text of ${bytes} bytes`, frame(TEXT, 'x'.repeat(bytes)))),
  ...sizes.map((bytes) => sendsMessage(`${bytes} binary bytes`, frame(BINARY, pattern(bytes)))),
  sendsMessage(
    'a text in three fragments',
    part(TEXT, 'a'),
    part(CONTINUATION, 'b'),
    frame(CONTINUATION, 'c'),
  ),
  sendsMessage(
    'binary fragments, empty ones among them',
    part(BINARY, ''),
    part(CONTINUATION, pattern(70_000)),
    part(CONTINUATION, ''),
    frame(CONTINUATION, pattern(300)),
  ),
  sendsMessage(
    'control frames between fragments',
    part(TEXT, 'a'),
    frame(PING, 'now'),
    part(CONTINUATION, 'b'),
    frame(PONG, 'unasked'),
    frame(PING, ''),
    frame(CONTINUATION, 'c'),
  ),
  sends('Close between fragments', Buffer.concat([part(TEXT, 'a'), bye])),
  sendsMessage(
    'a character split over fragments',
    part(TEXT, Buffer.from([0xe2])),
    part(CONTINUATION, Buffer.from([0x82])),
    frame(CONTINUATION, Buffer.from([0xac])),
  ),
  ...[0, 1, 125].map((bytes) => sendsMessage(`a ping of ${bytes} bytes`, frame(PING, pattern(bytes)))),
  sendsMessage('a pong that nobody asked for', frame(PONG, 'pong')),
  sendsMessage('a hundred pings', ...Array.from({ length: 100 }, (_, at) => frame(PING, `${at}`))),
  sendsMessage(
    '2000 frames in one write',
    ...Array.from({ length: 2000 }, (_, at) => frame(at % 2 === 0 ? TEXT : BINARY, `frame ${at}`)),
  ),
  sendsMessage('bytes that are no text, as binary', frame(BINARY, Buffer.from([0xff, 0xfe, 0x00, 0xc0]))),
  sends('Close without a code', frame(CLOSE, ''), null),
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code) =>
    sends(`Close with ${code} and a reason`, frame(CLOSE, closePayload(code, `because ${code}`)), code),
  ),
  sends('Close with the longest reason', frame(CLOSE, closePayload(1000, 'é'.repeat(61)))),
]

const notFinal: FrameOptions = { fin: false }
const invalid: readonly WebSocketCase[] = [
  ...[1, 2, 4, 7].map((rsv) =>
    sendsInvalid(`reserved bits ${rsv} that nobody negotiated`, 1002, frame(TEXT, 'x', { rsv })),
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    sendsInvalid(`opcode ${opcode}`, 1002, frame(opcode, 'x')),
  ),
  sendsInvalid('an unmasked text', 1002, frame(TEXT, 'x', { masked: false })),
  sendsInvalid('an unmasked Close', 1002, frame(CLOSE, closePayload(1000), { masked: false })),
  sendsInvalid(
    'text that is not UTF-8',
    1007,
    frame(TEXT, Buffer.from([0xce, 0xba, 0xe1, 0xbd, 0xed, 0xa0])),
  ),
  sendsInvalid(
    'text that is not UTF-8 over fragments',
    1007,
    part(TEXT, Buffer.from([0xe2])),
    frame(CONTINUATION, Buffer.from([0x41])),
  ),
  sendsInvalid('a fragmented ping', 1002, frame(PING, 'x', notFinal), frame(CONTINUATION, 'y')),
  sendsInvalid('a fragmented Close', 1002, frame(CLOSE, closePayload(1000), notFinal)),
  sendsInvalid('a ping of 126 bytes', 1002, frame(PING, pattern(126))),
  sendsInvalid('a Close of 126 bytes', 1002, frame(CLOSE, closePayload(1000, 'x'.repeat(124)))),
  sendsInvalid('a continuation of nothing', 1002, frame(CONTINUATION, 'x')),
  sendsInvalid('a new message within a message', 1002, part(TEXT, 'a'), frame(TEXT, 'b')),
  sendsInvalid('Close with one byte', 1002, frame(CLOSE, 'x')),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) =>
    sendsInvalid(`Close with ${code}`, 1002, frame(CLOSE, closePayload(code))),
  ),
  sendsInvalid(
    'Close with a reason that is not UTF-8',
    1007,
    frame(CLOSE, closePayload(1000, Buffer.from([0xff]))),
  ),
  sendsInvalid('a frame that announces 5 MiB', 1009, oversized(5n * 2n ** 20n)),
  sendsInvalid('a frame that announces 2^63 - 1 bytes', 1009, oversized(2n ** 63n - 1n)),
  sendsInvalid('a length with the highest bit set', 1009, oversized(2n ** 63n)),
  sendsMessage('a length that is not in its shortest form', frame(TEXT, 'x', { lengthBytes: 8 })),
]

/** The head of a masked binary frame, and little of what it announces. */
function oversized(bytes: bigint): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(bytes)
  return Buffer.concat([Buffer.from([0x82, 0xff]), length, Buffer.from('maskand some content')])
}

/** A session short enough to be cut at each of its bytes. */
const short = Buffer.concat([
  part(TEXT, 'ab'),
  frame(PING, 'p'),
  frame(CONTINUATION, 'c'),
  frame(BINARY, pattern(126)).subarray(0, 12),
  pattern(122),
  bye,
])
const cuts = [...Array.from({ length: 40 }, (_, at) => at + 1), short.length - 4, short.length - 1]

const split: readonly WebSocketCase[] = [
  ...cuts.map((at) => ({
    ...sends(`two writes, cut behind byte ${at}`, short),
    act: async (client: Parameters<WebSocketCase['act']>[0]) => {
      await client.write(short.subarray(0, at))
      // The router has passed the first part on, so it did not see the two as one.
      await client.arrived()
      await client.write(short.subarray(at))
    },
  })),
  {
    ...sends('one write for each byte', short),
    act: async (client) => {
      for (const byte of short) {
        await client.write(Buffer.from([byte]))
        await client.arrived()
      }
    },
  },
]

const squeezed = deflateRawSync(Buffer.alloc(100_000, 'squeeze me ')).subarray(0, -4)
const compressed: WebSocketCase = {
  ...sendsMessage('permessage-deflate passes untouched', frame(TEXT, squeezed, { rsv: 4 })),
  handshake: {
    path: '/echo',
    fields: [...webSocketFields, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
  },
}

/** What travels in frames: all of it must pass unseen. */
export const frameCases: readonly WebSocketCase[] = [...valid, ...invalid, ...split, compressed]

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { Content } from '../../http/content.ts'
import { EventStreamAnswer } from './event-stream.ts'

interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Buffer
}

/**
 * Reads messages by the format's own description: total length and headers length (u32, big-endian), CRC32 of
 * those, headers (name length u8, name, type 7, value length u16, value), payload, CRC32 of all before.
 */
function readMessages(bytes: Buffer): Message[] {
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; ) {
    const total = bytes.readUInt32BE(at)
    const message = bytes.subarray(at, at + total)
    assert.equal(message.length, total)
    const headersEnd = 12 + message.readUInt32BE(4)
    assert.equal(message.readUInt32BE(8), crc32(message.subarray(0, 8)))
    assert.equal(message.readUInt32BE(total - 4), crc32(message.subarray(0, total - 4)))
    const headers: Record<string, string> = {}
    for (let header = 12; header < headersEnd; ) {
      const valueAt = header + 1 + message[header]! + 3
      assert.equal(message[valueAt - 3], 7)
      const end = valueAt + message.readUInt16BE(valueAt - 2)
      headers[message.toString('utf8', header + 1, valueAt - 3)] = message.toString('utf8', valueAt, end)
      header = end
    }
    messages.push({ headers, payload: message.subarray(headersEnd, total - 4) })
    at += total
  }
  return messages
}

function bytesOf(out: Content): Buffer {
  const bytes = Buffer.alloc(out.bytes)
  out.copyTo(bytes, 0)
  return bytes
}

/** What a client gets for one read of these pieces. */
function passed(...pieces: readonly Buffer[]): Message[] {
  const content = new Content()
  for (const piece of pieces) content.add(piece, 0, piece.length)
  const out = new Content()
  assert.equal(new EventStreamAnswer(200, '').pass(content, out), true)
  return readMessages(bytesOf(out))
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe('an event stream', () => {
  test('has a PayloadPart for each read, whatever the bytes and however many pieces', () => {
    const headers = {
      ':message-type': 'event',
      ':event-type': 'PayloadPart',
      ':content-type': 'application/octet-stream',
    }
    for (const pieces of [[everyByte], [Buffer.from('a')], [Buffer.from('ab'), everyByte, Buffer.from('c')]])
      assert.deepEqual(passed(...pieces), [{ headers, payload: Buffer.concat(pieces) }])
    const large = Buffer.alloc(1_000_000, 'v')
    assert.ok(passed(large)[0]!.payload.equals(large))
  })

  test('has no part for a read without content, and nothing at its end', () => {
    assert.deepEqual(passed(), [])
    const out = new Content()
    new EventStreamAnswer(200, '').end()
    assert.equal(out.bytes, 0)
  })

  test('keeps no hold of what was read: a part stays as it is when the next read comes', () => {
    const answer = new EventStreamAnswer(200, '')
    const source = Buffer.from('first')
    const content = new Content()
    const out = new Content()
    content.add(source, 0, source.length)
    answer.pass(content, out)
    source.write('other')
    assert.equal(readMessages(bytesOf(out))[0]!.payload.toString(), 'first')
  })

  for (const [fault, ErrorCode] of [
    ['cut', 'StreamBroken'],
    ['stalled', 'ModelInvocationTimeExceeded'],
  ] as const) {
    test(`ends with ModelStreamError, ${ErrorCode}, where the content is ${fault}`, () => {
      const out = new Content()
      new EventStreamAnswer(200, '').fail(fault, out)
      const [message, ...others] = readMessages(bytesOf(out))
      assert.deepEqual(others, [])
      assert.deepEqual(message!.headers, {
        ':message-type': 'exception',
        ':exception-type': 'ModelStreamError',
        ':content-type': 'application/json',
      })
      const error = JSON.parse(message!.payload.toString())
      assert.deepEqual(Object.keys(error), ['Message', 'ErrorCode'])
      assert.equal(error.ErrorCode, ErrorCode)
    })
  }
})

import assert from 'node:assert/strict'
import type { OnReadOpts, Socket } from 'node:net'
import { test } from 'node:test'
import { DirectSocket, READ_BYTES, ReadBuffer, SHORT_READ_BYTES } from './reading-socket.ts'

/** A socket's reads by hand: `read` is one of `length` bytes; it returns the room that the next one has. */
function byHand(): { read(length: number): number; pausing: { now: boolean }; memory: ReadBuffer } {
  const pausing = { now: false }
  const memory = new ReadBuffer()
  let onread: OnReadOpts | undefined
  const direct = new DirectSocket(memory, (option) => {
    onread = option
    return { isPaused: () => pausing.now } as Socket
  })
  direct.reader = { onBytes: (bytes, end) => assert.equal(bytes[end], 0) }
  const { buffer, callback } = onread!
  const next = buffer as () => Uint8Array | undefined
  let room = next()!.length
  assert.equal(room, SHORT_READ_BYTES)
  return {
    pausing,
    memory,
    read(length) {
      assert.ok(length <= room, 'more than there is room for')
      callback(length, memory.bytes)
      room = next()?.length ?? room
      return room
    },
  }
}

test('reads get long when one was filled, and short again when less comes', () => {
  const { read } = byHand()
  assert.equal(read(100), SHORT_READ_BYTES)
  assert.equal(read(SHORT_READ_BYTES), READ_BYTES)
  assert.equal(read(READ_BYTES), READ_BYTES)
  assert.equal(read(SHORT_READ_BYTES + 1), READ_BYTES)
  assert.equal(read(100), SHORT_READ_BYTES)
})

test('reads stay short while what they bring has to wait: that is all a slow reader makes us keep', () => {
  const { read, pausing } = byHand()
  pausing.now = true
  assert.equal(read(SHORT_READ_BYTES), SHORT_READ_BYTES)
  pausing.now = false
  assert.equal(read(SHORT_READ_BYTES), READ_BYTES)
  pausing.now = true
  assert.equal(read(READ_BYTES), SHORT_READ_BYTES)
})

test('there is room for the 0 behind the longest read', () => {
  const { read, memory } = byHand()
  read(SHORT_READ_BYTES)
  memory.bytes[READ_BYTES] = 1
  read(READ_BYTES)
  assert.equal(memory.bytes[READ_BYTES], 0)
})

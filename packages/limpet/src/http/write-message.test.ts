import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import { writeMessage } from './write-message.ts'

/** A socket that keeps what each system call would send; full after `roomBytes`. */
function socketWith(roomBytes = 65_536): { socket: Socket; calls: Buffer[] } {
  const calls: Buffer[] = []
  const bytesOf = (chunk: Buffer | string, encoding: BufferEncoding) =>
    typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
  const stream = new Writable({
    decodeStrings: false,
    highWaterMark: roomBytes,
    write(chunk, encoding) {
      // Never done: what is sent stays in the buffer, as with a peer that takes nothing.
      calls.push(bytesOf(chunk, encoding))
    },
    writev(chunks) {
      calls.push(Buffer.concat(chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding))))
    },
  })
  return { socket: stream as unknown as Socket, calls }
}

const head = 'HTTP/1.1 200 caf\xe9\r\n\r\n'

describe('a message goes out whole, with one system call', () => {
  for (const [why, text, parts] of [
    ['a head alone', head, []],
    ['content alone', '', ['abc']],
    ['a head with short content', head, ['a\xff\0']],
    ['a head with long content', head, ['x'.repeat(9000)]],
    ['a head with several parts', head, ['abc', 'def', 'x'.repeat(9000)]],
    ['several parts alone', '', ['abc', 'def']],
    ['a head with content of exactly the size that is joined', head, ['x'.repeat(8192)]],
    ['a head with one byte more', head, ['x'.repeat(8193)]],
  ] as const) {
    test(why, () => {
      const { socket, calls } = socketWith()
      const wantsMore = writeMessage(
        socket,
        text,
        parts.map((part) => Buffer.from(part, 'latin1')),
      )
      assert.equal(calls.length, 1)
      assert.equal(calls[0]!.toString('latin1'), text + parts.join(''))
      assert.equal(wantsMore, true)
    })
  }
})

test('nothing is nothing: no call, and room for more', () => {
  const { socket, calls } = socketWith()
  assert.equal(writeMessage(socket, '', []), true)
  assert.deepEqual(calls, [])
})

test('content without a head is not copied', () => {
  const { socket, calls } = socketWith()
  const part = Buffer.from('abc')
  writeMessage(socket, '', [part])
  assert.equal(calls[0], part)
})

describe('the caller is told when the peer takes no more', () => {
  for (const [why, text, parts] of [
    ['a head alone', head, []],
    ['content alone', '', ['x'.repeat(20)]],
    ['both in one', head, ['abc']],
    ['several parts', head, ['abc', 'def']],
  ] as const)
    test(why, () => {
      const { socket } = socketWith(10)
      assert.equal(
        writeMessage(
          socket,
          text,
          parts.map((part) => Buffer.from(part)),
        ),
        false,
      )
    })
})

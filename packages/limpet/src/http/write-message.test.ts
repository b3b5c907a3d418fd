import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import { CopyPool } from './copy-pool.ts'
import { writeBorrowed, writeMessage } from './write-message.ts'

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

describe("parts whose bytes are another read's afterwards", () => {
  for (const [why, text, parts] of [
    ['a head alone', head, []],
    ['short content alone', '', ['a\xff\0']],
    ['a head with short content', head, ['abc', 'def']],
    ['a head with long content', head, ['x'.repeat(9000)]],
    ['long content in parts', '', ['x'.repeat(5000), 'y'.repeat(5000)]],
    ['more than a pooled buffer holds', head, ['x'.repeat(70_000)]],
  ] as const) {
    test(`${why}: goes out as it was, with one system call`, () => {
      // The first call stays under way, so that the message is still in the buffer when its bytes are overwritten.
      const { socket, calls, finish } = busySocket()
      const borrowed = parts.map((part) => Buffer.from(part, 'latin1'))
      writeBorrowed(socket, text, borrowed, new CopyPool())
      for (const part of borrowed) part.fill('!')
      finish()
      assert.equal(calls.length, 1)
      assert.equal(calls[0]!.toString('latin1'), text + parts.join(''))
    })
  }

  test('nothing is nothing: no call, and room for more', () => {
    const { socket, calls } = socketWith()
    assert.equal(writeBorrowed(socket, '', [], new CopyPool()), true)
    assert.deepEqual(calls, [])
  })
  test('the caller is told when the peer takes no more', () => {
    for (const part of ['abc', 'x'.repeat(9000)]) {
      const { socket } = socketWith(10)
      assert.equal(writeBorrowed(socket, head, [Buffer.from(part)], new CopyPool()), false)
    }
  })
  test('a copy is used again once it has gone out, and not before', async () => {
    const { socket, finish } = busySocket()
    const copies = new CopyPool()
    const given = Promise.withResolvers<Buffer>()
    let isGiven = false
    const give = copies.give.bind(copies)
    copies.give = (buffer) => {
      isGiven = true
      give(buffer)
      given.resolve(buffer)
    }
    writeBorrowed(socket, '', [Buffer.alloc(9000)], copies)
    assert.equal(isGiven, false)
    finish()
    const copy = await given.promise
    assert.equal(copies.take(9000), copy)
  })
  test('however many parts a read has, they share one copy', () => {
    const copies = new CopyPool()
    let taken = 0
    const take = copies.take.bind(copies)
    copies.take = (length) => {
      taken++
      return take(length)
    }
    const { socket, calls } = socketWith()
    const parts = Array.from({ length: 10_000 }, (_, n) => Buffer.from(`${n % 10}`))
    writeBorrowed(socket, head, parts, copies)
    assert.equal(taken, 1)
    assert.equal(calls.length, 1)
    assert.equal(calls[0]!.toString('latin1'), head + '0123456789'.repeat(1000))
  })
})

/** A socket whose first call is under way until `finish`; `calls` are those after it. */
function busySocket(): { socket: Socket; calls: Buffer[]; finish: () => void } {
  const calls: Buffer[] = []
  let finish = (): void => {}
  const take = (
    chunks: readonly { chunk: Buffer | string; encoding: BufferEncoding }[],
    done: () => void,
  ): void => {
    calls.push(
      Buffer.concat(
        chunks.map(({ chunk, encoding }) =>
          typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
        ),
      ),
    )
    done()
  }
  const stream = new Writable({
    decodeStrings: false,
    highWaterMark: 10,
    write(chunk, encoding, done) {
      if (String(chunk) === 'first') finish = done
      else take([{ chunk, encoding }], done)
    },
    writev: take,
  })
  stream.write('first')
  return { socket: stream as unknown as Socket, calls, finish: () => finish() }
}

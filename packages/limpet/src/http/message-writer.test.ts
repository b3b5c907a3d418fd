import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Content } from './content.ts'
import { CopyPool } from './copy-pool.ts'
import { MessageWriter } from './message-writer.ts'
import { READ_BYTES } from './reading-socket.ts'
import { Turn } from './turn.ts'

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

function contentOf(...parts: readonly string[]): { content: Content; sources: Buffer[] } {
  const content = new Content()
  const sources = parts.map((part) => Buffer.from(part, 'latin1'))
  for (const source of sources) content.add(source, 0, source.length)
  return { content, sources }
}

const partsOf = () => ({ copies: new CopyPool(), turn: new Turn() })

const messages = [
  ['a head alone', head, []],
  ['short content alone', '', ['a\xff\0']],
  ['a head with short content', head, ['a\xff\0', 'def']],
  ['a head with long content', head, ['x'.repeat(9000)]],
  ['long content in parts', '', ['x'.repeat(5000), 'y'.repeat(5000)]],
  ['a head with content of exactly the size that is joined', head, ['x'.repeat(8192)]],
  ['a head with one byte more', head, ['x'.repeat(8193)]],
  ['as much as a read brings', head, ['x'.repeat(READ_BYTES)]],
  ['more than a pooled buffer holds', head, ['x'.repeat(2 * READ_BYTES)]],
] as const

describe('a message goes out as it was, with one system call, though its bytes are borrowed', () => {
  for (const [why, text, pieces] of messages) {
    test(why, () => {
      // The first call stays under way, so that the message is still in the buffer when its bytes are overwritten.
      const { socket, calls, finish } = busySocket()
      const { content, sources } = contentOf(...pieces)
      new MessageWriter(socket, partsOf()).write(text, content)
      for (const source of sources) source.fill('!')
      finish()
      assert.equal(calls.length, 1)
      assert.equal(calls[0]!.toString('latin1'), text + pieces.join(''))
    })
  }

  test('nothing is nothing', () => {
    const { socket, calls } = socketWith()
    new MessageWriter(socket, partsOf()).write('', new Content())
    assert.deepEqual(calls, [])
  })
  test('a copy is used again once it has gone out, and not before', async () => {
    const { socket, finish } = busySocket()
    const parts = partsOf()
    const { copies } = parts
    const given = Promise.withResolvers<Buffer>()
    let isGiven = false
    const give = copies.give.bind(copies)
    copies.give = (buffer) => {
      isGiven = true
      give(buffer)
      given.resolve(buffer)
    }
    new MessageWriter(socket, parts).write('', contentOf('x'.repeat(9000)).content)
    assert.equal(isGiven, false)
    finish()
    const copy = await given.promise
    assert.equal(copies.take(9000), copy)
  })
  test('however many parts a read has, they share one copy', () => {
    const parts = partsOf()
    let taken = 0
    const take = parts.copies.take.bind(parts.copies)
    parts.copies.take = (length) => {
      taken++
      return take(length)
    }
    const { socket, calls } = socketWith()
    const pieces = Array.from({ length: 10_000 }, (_, n) => `${n % 10}`)
    new MessageWriter(socket, parts).write(head, contentOf(...pieces).content)
    assert.equal(taken, 1)
    assert.equal(calls.length, 1)
    assert.equal(calls[0]!.toString('latin1'), head + '0123456789'.repeat(1000))
  })
  test('bytes of its own go out with their head', () => {
    const { socket, calls } = socketWith()
    new MessageWriter(socket, partsOf()).writeOwned(head, Buffer.from('own'))
    assert.equal(calls.length, 1)
    assert.equal(calls[0]!.toString('latin1'), `${head}own`)
  })
})

describe('a writer is full', () => {
  test('when the peer takes no more, and says so to its owner', () => {
    for (const piece of ['abc', 'x'.repeat(9000)]) {
      const { socket } = socketWith(10)
      let told = 0
      const writer = new MessageWriter(socket, partsOf(), () => told++)
      writer.write(head, contentOf(piece).content)
      assert.equal(writer.full, true)
      assert.equal(told, 1)
    }
  })
  test('but not after a large write that went out at once', () => {
    const socket = new Writable({ highWaterMark: 10, write: (_chunk, _encoding, done) => done() })
    const writer = new MessageWriter(socket as unknown as Socket, partsOf(), () => assert.fail('full'))
    writer.write(head, contentOf('x'.repeat(9000)).content)
    assert.equal(writer.full, false)
  })
})

describe('what is posted', () => {
  test('is the short end of a message; a long one goes out now', async () => {
    const { socket, calls } = socketWith()
    const writer = new MessageWriter(socket, partsOf())
    writer.finish(head, contentOf('abc').content)
    assert.equal(calls.length, 0)
    await nextTurn()
    assert.equal(calls[0]!.toString('latin1'), `${head}abc`)
    const other = socketWith()
    new MessageWriter(other.socket, partsOf()).finish(head, contentOf('x'.repeat(9000)).content)
    assert.equal(other.calls.length, 1)
  })
  test('waits for the end of the turn, and goes out in one call', async () => {
    const { socket, calls } = socketWith()
    const writer = new MessageWriter(socket, partsOf())
    writer.post('one ')
    writer.post('two')
    assert.deepEqual(calls, [])
    await nextTurn()
    assert.deepEqual(calls.map(String), ['one two'])
  })
  test('goes out before what is written after it', async () => {
    for (const piece of ['now', 'n'.repeat(9000)]) {
      const { socket, calls } = socketWith()
      const writer = new MessageWriter(socket, partsOf())
      writer.post('posted ')
      writer.write('head ', contentOf(piece).content)
      assert.deepEqual(calls.map(String), [`posted head ${piece}`])
      await nextTurn()
      assert.equal(calls.length, 1)
    }
  })
  test('goes out now when it is flushed, and not again', async () => {
    const { socket, calls } = socketWith()
    const writer = new MessageWriter(socket, partsOf())
    writer.post('posted')
    writer.flush()
    assert.deepEqual(calls.map(String), ['posted'])
    await nextTurn()
    assert.equal(calls.length, 1)
  })
  test('does not wait when it gets long', () => {
    const { socket, calls } = socketWith()
    const writer = new MessageWriter(socket, partsOf())
    for (let count = 0; count < 20; count++) writer.post('x'.repeat(1000))
    assert.ok(calls.length >= 1)
  })
  test('is forgotten when the socket is gone', async () => {
    const { socket, calls } = socketWith()
    const writer = new MessageWriter(socket, partsOf())
    writer.post('posted')
    socket.destroy()
    await nextTurn()
    assert.deepEqual(calls, [])
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

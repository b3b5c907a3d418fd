import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FrameTracker } from './frame-tracker.ts'

interface Shape {
  readonly opcode?: number
  readonly fin?: boolean
  readonly masked?: boolean
  /** How its length is written: in 7, 16 or 64 bits; by default as short as may be. */
  readonly bits?: 7 | 16 | 64
}

/** A frame of `length` bytes of content, which look like the head of a Close frame. */
function frame(
  length: number,
  { opcode = 2, fin = true, masked = false, bits = length < 126 ? 7 : 16 }: Shape = {},
): Buffer {
  const head = Buffer.alloc({ 7: 2, 16: 4, 64: 10 }[bits])
  head[0] = (fin ? 0x80 : 0) | opcode
  head[1] = (masked ? 0x80 : 0) | { 7: length, 16: 126, 64: 127 }[bits]
  if (bits === 16) head.writeUInt16BE(length, 2)
  if (bits === 64) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, masked ? Buffer.from('mask') : Buffer.alloc(0), Buffer.alloc(length, 0x88)])
}

/** Follows `bytes` in pieces of `size` and gives the offsets at which a frame could be put in. */
function boundaries(bytes: Buffer, size: number): number[] {
  const tracker = new FrameTracker()
  const found: number[] = []
  for (let from = 0; from < bytes.length; from += size) {
    const end = Math.min(from + size, bytes.length)
    for (let at = from; at < end; ) {
      at = tracker.read(bytes, at, end, true)
      if (tracker.atBoundary) found.push(at)
    }
  }
  return found
}

function endsOf(frames: readonly Buffer[]): number[] {
  let end = 0
  return frames.map(({ length }) => (end += length))
}

describe('the frames of a WebSocket', () => {
  const frames = [
    frame(0),
    frame(1, { masked: true }),
    frame(125),
    frame(126),
    frame(5, { bits: 64 }),
    frame(0, { masked: true, bits: 16 }),
    frame(70_000, { bits: 64, masked: true }),
    frame(0, { opcode: 9 }),
    frame(3, { opcode: 1 }),
  ]
  const all = Buffer.concat(frames)

  for (const size of [1, 2, 3, 7, 1000, 65_536, all.length]) {
    test(`end where they end, read in pieces of ${size} bytes`, () => {
      assert.deepEqual(boundaries(all, size), endsOf(frames))
    })
  }

  test('are read to the end in one go where nobody wants to stop', () => {
    const tracker = new FrameTracker()
    assert.equal(tracker.read(all, 0, all.length - 1, false), all.length - 1)
    assert.equal(tracker.atBoundary, false)
    assert.equal(tracker.read(all, all.length - 1, all.length, false), all.length)
    assert.equal(tracker.atBoundary, true)
  })

  test('make up messages, between whose fragments control frames may stand', () => {
    const tracker = new FrameTracker()
    const expected: [Buffer, boolean][] = [
      [frame(2, { fin: false }), true],
      [frame(2, { opcode: 9 }), true],
      [frame(2, { opcode: 0, fin: false }), true],
      [frame(0, { opcode: 0 }), false],
      [frame(2, { opcode: 10 }), false],
    ]
    for (const [bytes, inMessage] of expected) {
      tracker.read(bytes, 0, bytes.length, false)
      assert.deepEqual([tracker.atBoundary, tracker.inMessage], [true, inMessage])
    }
  })

  test('end with a Close frame, behind which nothing may be put in', () => {
    const tracker = new FrameTracker()
    const close = frame(2, { opcode: 8, masked: true })
    tracker.read(close, 0, 1, false)
    assert.deepEqual([tracker.closed, tracker.isOver, tracker.atBoundary], [true, false, false])
    tracker.read(close, 1, close.length, false)
    assert.deepEqual([tracker.closed, tracker.isOver, tracker.atBoundary], [true, true, false])
  })

  test('are followed no further when a length can not be', () => {
    const tracker = new FrameTracker()
    const endless = Buffer.from([0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    assert.equal(tracker.read(endless, 0, endless.length, true), endless.length)
    assert.deepEqual([tracker.broken, tracker.atBoundary], [true, false])
    assert.equal(tracker.read(all, 0, all.length, true), all.length)
    assert.equal(tracker.atBoundary, false)
  })

  test('of any bytes at all are followed without end or error', () => {
    let seed = 7
    const noise = Buffer.from(
      Array.from({ length: 20_000 }, () => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed & 0xff
      }),
    )
    for (let from = 0; from < 500; from++) {
      const tracker = new FrameTracker()
      let at = from
      while (at < noise.length) {
        const next = tracker.read(noise, at, noise.length, true)
        assert.ok(next > at)
        at = next
      }
    }
  })
})

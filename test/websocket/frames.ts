/** Frames of RFC 6455 §5.2, valid ones and others. */

export const TEXT = 1
export const BINARY = 2
export const CONTINUATION = 0
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export interface FrameOptions {
  readonly fin?: boolean
  /** The three reserved bits, as a number from 0 to 7; permessage-deflate's is 4. */
  readonly rsv?: number
  readonly masked?: boolean
  /** The bytes of the extended length where it shall not be the shortest form. */
  readonly lengthBytes?: 2 | 8
}

export interface Frame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly masked: boolean
  readonly payload: Buffer
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** A frame's bytes. Masked unless told otherwise, as clients' frames are. */
export function frame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, lengthBytes } = options
  const content = Buffer.from(payload)
  const size = lengthBytes ?? (content.length < 126 ? 0 : content.length < 65_536 ? 2 : 8)
  const length = Buffer.alloc(size)
  if (size === 2) length.writeUInt16BE(content.length)
  if (size === 8) length.writeBigUInt64BE(BigInt(content.length))
  const short = size === 0 ? content.length : size === 2 ? 126 : 127
  const first = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, (masked ? 0x80 : 0) | short])
  if (!masked) return Buffer.concat([first, length, content])
  for (let at = 0; at < content.length; at++) content[at]! ^= MASK[at % 4]!
  return Buffer.concat([first, length, MASK, content])
}

/** A Close frame's payload (RFC 6455 §5.5.1). */
export function closePayload(code: number, reason: Buffer | string = ''): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(code)
  return Buffer.concat([bytes, Buffer.from(reason)])
}

export interface FrameReader {
  /** Takes bytes as they come and gives the frames that are complete now. */
  read(chunk: Buffer): Frame[]
  /** The length that an incomplete frame announces, as far as it is known. */
  readonly announcedBytes: bigint
}

export function createFrameReader(): FrameReader {
  let held: Buffer = Buffer.alloc(0)
  let announcedBytes = 0n
  const next = (): Frame | undefined => {
    if (held.length < 2) return undefined
    const [first, second] = [held[0]!, held[1]!]
    const masked = second >= 0x80
    const short = second & 0x7f
    const headBytes = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)
    if (held.length < headBytes) return undefined
    announcedBytes =
      short === 126 ? BigInt(held.readUInt16BE(2)) : short === 127 ? held.readBigUInt64BE(2) : BigInt(short)
    const from = headBytes + (masked ? 4 : 0)
    if (BigInt(held.length - from) < announcedBytes) return undefined
    const mask = held.subarray(headBytes, from)
    const payload = Buffer.from(held.subarray(from, from + Number(announcedBytes)))
    if (masked) for (let at = 0; at < payload.length; at++) payload[at]! ^= mask[at % 4]!
    held = held.subarray(from + payload.length)
    announcedBytes = 0n
    return { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload }
  }
  return {
    get announcedBytes() {
      return announcedBytes
    },
    read(chunk) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const frames: Frame[] = []
      for (let found = next(); found !== undefined; found = next()) frames.push(found)
      return frames
    },
  }
}

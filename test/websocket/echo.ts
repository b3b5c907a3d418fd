import {
  BINARY,
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

const MOST_BYTES = 4n * 1024n * 1024n

export interface Echo {
  /** What to answer to these bytes; empty for nothing. */
  read(chunk: Buffer): Buffer
  /** Whether the answer so far ends with a Close frame: the connection is to be ended. */
  readonly over: boolean
}

/**
 * What a strict endpoint does (RFC 6455 §5 to §8): sends each data frame back as it came, answers Ping and Close,
 * and fails the connection for what is not allowed. `rsv`: the reserved bits that were negotiated.
 */
export function createEcho(rsv: number): Echo {
  const reader = createFrameReader()
  let over = false
  /** The fragments of a message that has begun. */
  let message: { opcode: number; parts: Buffer[]; compressed: boolean } | undefined

  const fail = (code: number): Buffer => {
    over = true
    return frame(CLOSE, closePayload(code), { masked: false })
  }
  const onData = (received: Frame): Buffer => {
    if ((received.opcode === CONTINUATION) !== (message !== undefined)) return fail(1002)
    message ??= { opcode: received.opcode, parts: [], compressed: received.rsv !== 0 }
    message.parts.push(received.payload)
    if (received.fin) {
      const { opcode, parts, compressed } = message
      message = undefined
      if (opcode === TEXT && !compressed && !isUtf8(Buffer.concat(parts))) return fail(1007)
    }
    return frame(received.opcode, received.payload, { fin: received.fin, rsv: received.rsv, masked: false })
  }
  const onClose = (payload: Buffer): Buffer => {
    if (payload.length === 1) return fail(1002)
    if (payload.length > 1 && !isCloseCode(payload.readUInt16BE())) return fail(1002)
    if (!isUtf8(payload.subarray(2))) return fail(1007)
    over = true
    return frame(CLOSE, payload, { masked: false })
  }
  const onFrame = (received: Frame): Buffer => {
    const { opcode, fin, masked, payload } = received
    if (!masked || (received.rsv & ~rsv) !== 0) return fail(1002)
    if (opcode <= BINARY) return onData(received)
    if (![CLOSE, PING, PONG].includes(opcode) || !fin || payload.length > 125 || received.rsv !== 0)
      return fail(1002)
    if (opcode === CLOSE) return onClose(payload)
    return opcode === PING ? frame(PONG, payload, { masked: false }) : Buffer.alloc(0)
  }
  return {
    get over() {
      return over
    },
    read(chunk) {
      if (over) return Buffer.alloc(0)
      const answers: Buffer[] = []
      for (const received of reader.read(chunk)) {
        if (!over) answers.push(onFrame(received))
      }
      if (!over && reader.announcedBytes > MOST_BYTES) answers.push(fail(1009))
      return Buffer.concat(answers)
    },
  }
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** Codes that may stand in a frame (RFC 6455 §7.4). */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999)
}

const CLOSE = 8
/** The first opcode of control frames, which may stand between the fragments of a message (RFC 6455 §5.4). */
const FIRST_CONTROL = 8
const FIN = 0x80
const MASKED = 0x80
const MASK_BYTES = 4

/** What of a frame comes next. */
const FIRST_BYTE = 0
const LENGTH = 1
const LONG_LENGTH = 2
const REST = 3

/**
 * Follows the frames of one direction of a WebSocket (RFC 6455 §5.2) by their heads alone, so that a frame of the
 * router's own can be put between two of them. Content is skipped, never looked at.
 */
export class FrameTracker {
  /** A Close frame has begun: nothing may follow it (RFC 6455 §5.5.1). */
  closed = false
  /** What came can't be frames; where they begin and end is not known any more. */
  broken = false
  #next = FIRST_BYTE
  #inMessage = false
  /** Bytes of a long length that are still to come. */
  #lengthBytes = 0
  #masked = false
  /** What is left of the frame behind its length: its mask and its content. */
  #left = 0

  /** Whether a frame may be put in here: none is under way, and none has been the last. */
  get atBoundary(): boolean {
    return this.#next === FIRST_BYTE && !this.closed && !this.broken
  }

  /** Whether a Close frame has come to its end. */
  get isOver(): boolean {
    return this.closed && this.#next === FIRST_BYTE
  }

  /** Whether the fragments of a message are under way: some have come, and more are to come. */
  get inMessage(): boolean {
    return this.#inMessage
  }

  /** Follows `bytes[from, end)`; `stops`: no further than to the first end of a frame. Returns how far it followed. */
  read(bytes: Buffer, from: number, end: number, stops: boolean): number {
    let at = from
    while (at < end && !this.broken) {
      switch (this.#next) {
        case FIRST_BYTE:
          this.#begin(bytes[at++]!)
          break
        case LENGTH:
          this.#readLength(bytes[at++]!)
          break
        case LONG_LENGTH:
          this.#left = this.#left * 256 + bytes[at++]!
          if (--this.#lengthBytes === 0) this.#endLength()
          break
        default: {
          const skipped = Math.min(this.#left, end - at)
          this.#left -= skipped
          at += skipped
        }
      }
      if (this.#next !== REST || this.#left > 0) continue
      this.#next = FIRST_BYTE
      if (stops) return at
    }
    return this.broken ? end : at
  }

  #begin(byte: number): void {
    const opcode = byte & 0x0f
    this.closed ||= opcode === CLOSE
    if (opcode < FIRST_CONTROL) this.#inMessage = (byte & FIN) === 0
    this.#next = LENGTH
  }

  #readLength(byte: number): void {
    const length = byte & 0x7f
    this.#masked = (byte & MASKED) !== 0
    this.#left = length < 126 ? length : 0
    this.#lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0
    if (this.#lengthBytes > 0) this.#next = LONG_LENGTH
    else this.#endLength()
  }

  #endLength(): void {
    if (!Number.isSafeInteger(this.#left)) this.broken = true
    if (this.#masked) this.#left += MASK_BYTES
    this.#next = REST
  }
}

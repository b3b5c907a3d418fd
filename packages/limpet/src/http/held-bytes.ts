import { LF } from './characters.ts'
import type { Content } from './content.ts'

/** Bytes of a connection that wait for more, or for their turn: copies, since reads share one buffer. */
export class HeldBytes {
  /** `bytes[0, length)` are held; `bytes[length]` is 0, as behind a read. */
  bytes = NONE
  length = 0

  append(source: Buffer, from: number, to: number): void {
    const needed = this.length + to - from
    if (needed >= this.bytes.length) {
      // Twice as much each time, so that bytes that drip in are not copied over and over.
      const larger = Buffer.allocUnsafeSlow(Math.max(needed + 1, Math.min(2 * needed, needed + MOST_SPARE)))
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    source.copy(this.bytes, this.length, from, to)
    this.length = needed
    this.bytes[needed] = 0
  }

  /** Appends a copy of borrowed content. */
  appendAll(content: Content): void {
    content.each((source, from, to) => this.append(source, from, to))
  }

  /** What is held. */
  get filled(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /**
   * Whether a line ends at or after `from`. Without one a head that was incomplete still is, and need not be
   * parsed again for each byte that drips in.
   */
  endsLine(from: number): boolean {
    for (let at = from; at < this.length; at++) if (this.bytes[at] === LF) return true
    return false
  }

  /** Lets go of all, and of the memory. */
  clear(): void {
    this.bytes = NONE
    this.length = 0
  }
}

const NONE: Buffer = Buffer.alloc(0)
const MOST_SPARE = 65_536

import { ChunkedReader } from './chunked.ts'
import { Content } from './content.ts'
import { HeldBytes } from './held-bytes.ts'

const LAST_CHUNK = '\r\n0\r\n\r\n'

/** A request's content, kept until its route has decided by it where the request goes. */
export class HeldRequest {
  readonly #held = new HeldBytes()
  readonly #mostBytes: number
  readonly #chunked: boolean

  /** `chunked`: what is appended is framed in chunks, which count too. */
  constructor(mostBytes: number, chunked: boolean) {
    this.#mostBytes = mostBytes
    this.#chunked = chunked
  }

  /** Keeps a copy of borrowed content. */
  append(content: Content): void {
    this.#held.appendAll(content)
  }

  /** Whether there is more than is kept. */
  get isTooLong(): boolean {
    return this.#held.length > this.#mostBytes
  }

  /** What was appended, as it came. */
  get bytes(): Buffer {
    return this.#held.filled
  }

  /** The content without its framing; its bytes may be changed. Only for what is complete. */
  decoded(): Buffer {
    if (!this.#chunked) return this.bytes
    const content = new Content()
    new ChunkedReader(false).read(this.#held.bytes, 0, this.#held.length, content)
    const decoded = Buffer.allocUnsafe(content.bytes)
    content.copyTo(decoded, 0)
    return decoded
  }

  /** Decoded content in the framing that the request's head tells of. Trailers are left out (RFC 9110 §6.5.1). */
  framed(decoded: Buffer): Buffer {
    if (!this.#chunked) return decoded
    if (decoded.length === 0) return Buffer.from('0\r\n\r\n')
    return Buffer.concat([
      Buffer.from(`${decoded.length.toString(16)}\r\n`),
      decoded,
      Buffer.from(LAST_CHUNK),
    ])
  }
}

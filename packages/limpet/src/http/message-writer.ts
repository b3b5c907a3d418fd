import type { Socket } from 'node:net'
import type { Content } from './content.ts'
import type { CopyPool } from './copy-pool.ts'
import type { Turn } from './turn.ts'

/** Up to this many bytes of content go out as a string with their head: one system call, and no buffer. */
export const JOIN_BYTES = 8192

/** What may wait for the end of a turn, in bytes; a client that pipelines could ask for any number of answers. */
const MOST_POSTED = 16_384

/** What the writers of a thread share. */
export interface WriterParts {
  readonly copies: CopyPool
  readonly turn: Turn
}

/** Writes messages to one socket, each with one system call. Content is copied: it may be borrowed. */
export class MessageWriter {
  /** Whether the socket has bytes that the peer has yet to take, and is to get no more for now. */
  full = false
  readonly #socket: Socket
  readonly #parts: WriterParts
  readonly #onFull: (() => void) | undefined
  #posted = ''

  /** `onFull` is called whenever a write fills the socket; the owner clears `full` with the next 'drain'. */
  constructor(socket: Socket, parts: WriterParts, onFull?: () => void) {
    // So that Node need not look at an encoding with each write.
    this.#socket = socket.setDefaultEncoding('latin1')
    this.#parts = parts
    this.#onFull = onFull
  }

  /** Writes a head (Latin-1, may be empty) and content now, behind what was posted. */
  write(head: string, content: Content): void {
    const { bytes } = content
    const text = this.#posted + head
    this.#posted = ''
    if (bytes <= JOIN_BYTES) {
      this.#writeText(text + content.text())
      return
    }
    const { copies } = this.#parts
    const copy = copies.take(text.length + bytes)
    const end = content.copyTo(copy, text === '' ? 0 : copy.write(text, 'latin1'))
    this.#note(this.#socket.write(copy.subarray(0, end), () => copies.give(copy)))
  }

  /** Writes a head and bytes of one's own now, without copying them. */
  writeOwned(head: string, content: Buffer): void {
    this.flush()
    const socket = this.#socket
    socket.cork()
    socket.write(head)
    const wantsMore = socket.write(content)
    socket.uncork()
    this.#note(wantsMore)
  }

  /** Writes a head and the last content of a message: posted where it is short, else now. */
  finish(head: string, content: Content): void {
    if (content.bytes <= JOIN_BYTES) this.post(head + content.text())
    else this.write(head, content)
  }

  /** Writes text (Latin-1) at the end of this turn; for whole messages, after which nothing waits for room. */
  post(text: string): void {
    if (this.#posted === '') this.#parts.turn.post(this)
    this.#posted += text
    if (this.#posted.length > MOST_POSTED) this.flush()
  }

  /** Writes what was posted, now. */
  flush(): void {
    const text = this.#posted
    this.#posted = ''
    this.#writeText(text)
  }

  #writeText(text: string): void {
    if (text !== '' && !this.#socket.destroyed) this.#note(this.#socket.write(text))
  }

  #note(wantsMore: boolean): void {
    // After a write of a high-water mark or more `write` says no, even when the kernel has taken all of it.
    this.full = !wantsMore && this.#socket.writableLength > 0
    if (this.full) this.#onFull?.()
  }
}

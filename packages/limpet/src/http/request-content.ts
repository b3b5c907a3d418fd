import type { RefusalCode } from '../errors.ts'
import { type BodyReader, LengthReader, MALFORMED } from './body.ts'
import { ChunkedReader } from './chunked.ts'
import type { Content } from './content.ts'
import { HeldRequest } from './held-request.ts'
import { JOIN_BYTES } from './message-writer.ts'
import type { RequestHead } from './request-head.ts'
import type { ContentCheck, Route } from './route.ts'

/** Content of up to this length is sent when all of it was checked, where it is checked. */
const MOST_HELD_BYTES = 65_536

/** The content of one request on its way from its client: read, checked, and kept as far as it is needed again. */
export class RequestContent {
  /** Whether all of it has come. */
  complete: boolean
  /** How much of it has come, in bytes, with its framing. */
  bytes = 0
  /** What is at hand when the request is sent: all that can be sent again. */
  first: string | Buffer = ''
  /** Whether what was sent can be sent again: nothing beyond `first` has gone out. */
  replayable = true
  /** Why the request is to be refused, by the content that was read last. */
  fault: RefusalCode | undefined
  readonly #reader: BodyReader | undefined
  readonly #length: number
  readonly #chunked: boolean
  /** Content that is to be checked, or decided by, before any of it is sent. */
  #held: HeldRequest | undefined

  constructor(head: RequestHead) {
    if (head.chunked) this.#reader = new ChunkedReader(true, head.connection.named)
    else if (head.contentLength > 0) this.#reader = new LengthReader(head.contentLength)
    this.#length = head.contentLength
    this.#chunked = head.chunked
    this.complete = this.#reader === undefined
  }

  /** Whether content waits here for the rest of it. */
  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /**
   * Reads `bytes[at, end)` into `out` and returns how far they belong to it, or `MALFORMED`. `mostBytes`: what is more
   * is a fault; 0: nothing is.
   */
  read(
    bytes: Buffer,
    at: number,
    end: number,
    out: Content,
    check: ContentCheck | undefined,
    mostBytes: number,
  ): number {
    const reader = this.#reader
    out.clear()
    if (reader === undefined && check !== undefined) this.#check(check, out)
    if (reader === undefined || this.complete) return at
    const used = reader.read(bytes, at, end, out)
    if (used === MALFORMED) return MALFORMED
    this.bytes += used - at
    this.complete = reader.done
    if (mostBytes > 0 && this.bytes > mostBytes) this.fault = 'LIMPET_BODY_TOO_LARGE'
    if (check !== undefined) this.#check(check, out)
    return used
  }

  #check(check: ContentCheck, content: Content): void {
    check.update(content)
    if (this.complete) this.fault ??= check.end()
  }

  /**
   * Takes what came with the head. Content is kept until all of it was checked or the route has decided by it: what
   * is short need not reach a replica before, and a refusal that would tell something of sessions must not reach the
   * client. True: the request can be sent, or refused; else more of its content is to come first.
   */
  begin(content: Content, route: Route): boolean {
    const wanted = route.contentWanted
    const isUnchecked = route.contentCheck !== undefined && !this.complete
    if (isUnchecked && (route.refusal !== undefined || this.#length <= MOST_HELD_BYTES))
      return this.#hold(new HeldRequest(Number.POSITIVE_INFINITY, false), content, route)
    if (wanted !== undefined && this.complete && !this.#chunked && content.bytes <= JOIN_BYTES) {
      // Nearly all of those that are wanted at all: short, and read with their heads.
      const decoded = Buffer.allocUnsafe(content.bytes)
      content.copyTo(decoded, 0)
      wanted.take(decoded)
      this.first = asSent(decoded)
      return true
    }
    if (wanted !== undefined && this.#length <= wanted.mostBytes)
      return this.#hold(new HeldRequest(wanted.mostBytes, this.#chunked), content, route)
    wanted?.take(undefined)
    if (content.bytes > 0) this.first = keep(content)
    return true
  }

  /** The same with what came later, while content is held. */
  holdMore(content: Content, route: Route): boolean {
    return this.#held === undefined || this.#hold(this.#held, content, route)
  }

  #hold(held: HeldRequest, content: Content, route: Route): boolean {
    const wanted = route.contentWanted
    // What is not to be sent is only of use to whoever wants to see it.
    if (route.refusal === undefined || wanted !== undefined) held.append(content)
    if (!this.complete && !held.isTooLong) {
      this.#held = held
      return false
    }
    this.#held = undefined
    if (held.isTooLong || wanted === undefined) {
      wanted?.take(undefined)
      this.first = held.bytes
    } else {
      const decoded = held.decoded()
      wanted.take(decoded)
      this.first = asSent(held.framed(decoded))
    }
    return true
  }

  /** Content has gone out that is not at hand any more. */
  letGo(): void {
    this.replayable = false
    this.first = ''
  }
}

/** Short content goes out with its head, as one text (Latin-1). */
function asSent(bytes: Buffer): string | Buffer {
  return bytes.length <= JOIN_BYTES ? bytes.toString('latin1') : bytes
}

/** A copy of borrowed content, as it is to be sent. */
function keep(content: Content): string | Buffer {
  if (content.bytes <= JOIN_BYTES) return content.text()
  const copy = Buffer.allocUnsafeSlow(content.bytes)
  content.copyTo(copy, 0)
  return copy
}

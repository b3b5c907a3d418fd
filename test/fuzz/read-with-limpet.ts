import {
  type BodyReader,
  LengthReader,
  MALFORMED,
  UntilCloseReader,
} from '../../packages/limpet/src/http/body.ts'
import { ChunkedReader } from '../../packages/limpet/src/http/chunked.ts'
import { readContent } from '../../packages/limpet/src/http/content.fixture.ts'
import { type FieldBlock, INCOMPLETE } from '../../packages/limpet/src/http/field-block.ts'
import { forwardRequestHead, HopLines, UNCHANGED } from '../../packages/limpet/src/http/forward-request.ts'
import { forwardResponseHead } from '../../packages/limpet/src/http/forward-response.ts'
import { REFUSED, RequestHead } from '../../packages/limpet/src/http/request-head.ts'
import { ResponseHead } from '../../packages/limpet/src/http/response-head.ts'
import type { Reading, RelayedMessage } from './message.ts'

const limits = { headBytes: 65_536, headerCount: 1000, targetBytes: 32_768 }
const hop = {
  trusted: false,
  peerAddress: '192.0.2.1',
  proto: 'http',
  via: 'fuzzed',
  forwarded: false,
} as const

function fieldPairs(fields: FieldBlock): (readonly [string, string])[] {
  return Array.from(
    { length: fields.count },
    (_, field) => [fields.name(field), fields.value(field)] as const,
  )
}

interface WholeContent {
  readonly forwarded: Buffer
  readonly end: number
  readonly complete: boolean
  readonly malformed: boolean
}

/** Reads content that begins at `at`, cut into reads at the offsets of `cuts`. */
function readInCuts(reader: BodyReader, bytes: Buffer, at: number, cuts: readonly number[]): WholeContent {
  const parts: Buffer[] = []
  let from = at
  let malformed = false
  for (const cut of cuts) {
    if (reader.done || cut <= from) continue
    const { used, forwarded } = readContent(reader, bytes, from, cut)
    if (used === MALFORMED) {
      malformed = true
      break
    }
    parts.push(forwarded)
    from = used
  }
  return { forwarded: Buffer.concat(parts), end: from, complete: reader.done, malformed }
}

/** Reads requests as a client connection does, and makes what would be sent to a replica. */
export function readRequestsWithLimpet(bytes: Buffer, cuts: readonly number[]): Reading<RelayedMessage> {
  const messages: RelayedMessage[] = []
  let at = 0
  for (;;) {
    while (bytes[at] === 13 && bytes[at + 1] === 10) at += 2
    const head = new RequestHead()
    const headEnd = head.parse(bytes, at, bytes.length, limits)
    if (headEnd === REFUSED) return { messages, refused: head.refusal }
    if (headEnd === INCOMPLETE) return { messages, refused: undefined }
    const make = (verbatim: boolean): BodyReader =>
      head.chunked ? new ChunkedReader(verbatim) : new LengthReader(Math.max(0, head.contentLength))
    const content = readInCuts(make(true), bytes, headEnd, cuts)
    const decoded = readInCuts(make(false), bytes, headEnd, [bytes.length])
    if (
      content.complete !== decoded.complete ||
      content.malformed !== decoded.malformed ||
      (content.complete && content.end !== decoded.end)
    )
      throw new Error('verbatim and decoding reads disagree')
    const headText = `${forwardRequestHead(head, new HopLines(hop), UNCHANGED)}\r\n`
    const text = head.fields.text
    messages.push({
      start: `${head.method} ${text.slice(text.indexOf(' ') + 1, text.lastIndexOf(' ', head.firstFieldAt))}`,
      target: head.target,
      host: head.host,
      minor: head.minor,
      fields: fieldPairs(head.fields),
      body: decoded.forwarded,
      complete: content.complete,
      end: content.complete ? content.end : headEnd,
      trailers: [],
      upgrade: head.upgrade !== '',
      fieldsNamedInConnection: [...head.connection.named],
      forwarded: Buffer.concat([Buffer.from(headText, 'latin1'), content.forwarded]),
    })
    if (content.malformed) return { messages, refused: 'content' }
    if (!content.complete || !head.keepAlive) return { messages, refused: undefined }
    at = content.end
  }
}

/** Reads the answer to a request of `method` as a replica connection does; the stream ends after `bytes`. */
export function readResponseWithLimpet(
  bytes: Buffer,
  method: string,
  cuts: readonly number[],
): Reading<RelayedMessage> {
  const messages: RelayedMessage[] = []
  let at = 0
  for (;;) {
    const head = new ResponseHead()
    const headEnd = head.parse(bytes, at, bytes.length)
    if (headEnd === INCOMPLETE) return { messages, refused: 'no head' }
    if (headEnd < 0) return { messages, refused: 'head' }
    const interim = head.status < 200
    const noContent = head.hasNoContent(method)
    const untilClose = !noContent && !head.chunked && head.contentLength < 0
    const make = (verbatim: boolean): BodyReader => {
      if (untilClose) return new UntilCloseReader()
      return head.chunked && !noContent
        ? new ChunkedReader(verbatim)
        : new LengthReader(noContent ? 0 : Math.max(0, head.contentLength))
    }
    const content = readInCuts(make(true), bytes, headEnd, cuts)
    const decoded = readInCuts(make(false), bytes, headEnd, [bytes.length])
    const changes = {
      dropCoding: noContent,
      dropLength: interim || head.status === 204,
      dropCacheControl: false,
      dropped: [],
    }
    const close = untilClose ? 'Connection: close\r\n' : ''
    const headText = `${forwardResponseHead(head, changes)}${close}\r\n`
    messages.push({
      start: String(head.status),
      target: '',
      host: '',
      minor: head.minor,
      fields: fieldPairs(head.fields),
      body: decoded.forwarded,
      complete: content.complete || untilClose,
      end: content.complete || untilClose ? content.end : headEnd,
      trailers: [],
      upgrade: head.status === 101,
      fieldsNamedInConnection: [...head.connection.named],
      forwarded: Buffer.concat([Buffer.from(headText, 'latin1'), content.forwarded]),
    })
    if (content.malformed) return { messages, refused: 'content' }
    if (!interim || head.status === 101) return { messages, refused: undefined }
    at = headEnd
  }
}

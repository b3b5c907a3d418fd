/** A response as it stood on the wire. Text is latin1, one character a byte. */
export interface ReceivedResponse {
  readonly version: string
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly trailers: readonly (readonly [name: string, value: string])[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** False when the connection ended before the body did. */
  readonly complete: boolean
}

/** One attempt to read a response from bytes: more bytes are needed, it is malformed, or here it is. */
export type ParseResult =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'response'; readonly response: ReceivedResponse; readonly next: number }

/** All values of a field, in order; names compare without case. */
export function valuesOf(
  fields: readonly (readonly [name: string, value: string])[],
  name: string,
): readonly string[] {
  return fields.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/**
 * Reads the response that begins at `from`, strictly: what a client could misread is malformed.
 * `isHead` says that the request was HEAD; `ended` that no more bytes will come (RFC 9112 section 6.3).
 */
export function parseResponse(bytes: string, from: number, isHead: boolean, ended: boolean): ParseResult {
  const headEnd = bytes.indexOf('\r\n\r\n', from)
  if (headEnd < 0) return startsAsResponse(bytes.slice(from, from + 9))
  const [statusLine = '', ...lines] = bytes.slice(from, headEnd).split('\r\n')
  const match = /^HTTP\/(1\.[01]) (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(statusLine)
  if (match === null)
    return { kind: 'malformed', why: `status line ${JSON.stringify(statusLine.slice(0, 40))}` }
  const fields = parseFields(lines)
  if (fields === undefined) return { kind: 'malformed', why: 'a malformed field line' }
  const [, version = '', statusText = ''] = match
  const head = { version, status: Number(statusText), fields }
  const body = parseBody(bytes, headEnd + 4, head.status, fields, isHead, ended)
  if (body.kind !== 'body') return body
  const { next, kind: _kind, ...rest } = body
  return { kind: 'response', response: { ...head, ...rest }, next }
}

function startsAsResponse(start: string): ParseResult {
  const expected = 'HTTP/1.'
  const length = Math.min(start.length, expected.length)
  if (start.slice(0, length) === expected.slice(0, length)) return { kind: 'more' }
  return { kind: 'malformed', why: `not a response: ${JSON.stringify(start)}` }
}

function parseFields(lines: readonly string[]): (readonly [string, string])[] | undefined {
  const fields: (readonly [string, string])[] = []
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line)
    if (match === null) return undefined
    fields.push([match[1] ?? '', match[2] ?? ''])
  }
  return fields
}

type Body = Pick<ReceivedResponse, 'body' | 'trailers' | 'framing' | 'complete'> & {
  readonly kind: 'body'
  readonly next: number
}
type BodyResult = Exclude<ParseResult, { kind: 'response' }> | Body

function parseBody(
  bytes: string,
  start: number,
  status: number,
  fields: ReceivedResponse['fields'],
  isHead: boolean,
  ended: boolean,
): BodyResult {
  const body = (text: string, framing: Body['framing'], complete: boolean, next: number): Body => ({
    kind: 'body',
    body: text,
    trailers: [],
    framing,
    complete,
    next,
  })
  if (isHead || status < 200 || status === 204 || status === 304) return body('', 'none', true, start)
  const codings = valuesOf(fields, 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  if (codings.length > 0) {
    if (lengths.length > 0) return { kind: 'malformed', why: 'both Content-Length and Transfer-Encoding' }
    if (codings.join().toLowerCase() !== 'chunked')
      return { kind: 'malformed', why: `coding ${codings.join()}` }
    return parseChunked(bytes, start, ended)
  }
  if (lengths.length > 0) {
    const [text = ''] = lengths
    if (lengths.length > 1 || !/^\d{1,15}$/.test(text)) {
      return { kind: 'malformed', why: `Content-Length ${lengths.join(' and ')}` }
    }
    const end = start + Number(text)
    if (bytes.length >= end) return body(bytes.slice(start, end), 'length', true, end)
    return ended ? body(bytes.slice(start), 'length', false, bytes.length) : { kind: 'more' }
  }
  return ended ? body(bytes.slice(start), 'close', true, bytes.length) : { kind: 'more' }
}

function parseChunked(bytes: string, start: number, ended: boolean): BodyResult {
  let text = ''
  let at = start
  const cut: BodyResult = ended
    ? { kind: 'body', body: '', trailers: [], framing: 'chunked', complete: false, next: bytes.length }
    : { kind: 'more' }
  const stop = (): BodyResult => (cut.kind === 'body' ? { ...cut, body: text } : cut)
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return stop()
    const line = bytes.slice(at, lineEnd)
    if (!/^[0-9A-Fa-f]{1,15}$/.test(line)) {
      return { kind: 'malformed', why: `chunk size ${JSON.stringify(line.slice(0, 30))}` }
    }
    const size = Number.parseInt(line, 16)
    at = lineEnd + 2
    if (size === 0) break
    text += bytes.slice(at, at + size)
    at += size
    if (bytes.length < at + 2) return stop()
    if (bytes.slice(at, at + 2) !== '\r\n') return { kind: 'malformed', why: 'no CRLF after a chunk' }
    at += 2
  }
  const done = (trailers: Body['trailers'], next: number): Body => ({
    kind: 'body',
    body: text,
    trailers,
    framing: 'chunked',
    complete: true,
    next,
  })
  if (bytes.slice(at, at + 2) === '\r\n') return done([], at + 2)
  const trailersEnd = bytes.indexOf('\r\n\r\n', at)
  if (trailersEnd < 0) return stop()
  const trailers = parseFields(bytes.slice(at, trailersEnd).split('\r\n'))
  if (trailers === undefined) return { kind: 'malformed', why: 'a malformed trailer' }
  return done(trailers, trailersEnd + 4)
}

/** A request as the replica understood it. Text is latin1, one character a byte. */
export interface RecordedRequest {
  /** The start line and field lines as received, without the empty line. */
  readonly head: string
  readonly method: string
  readonly target: string
  readonly version: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly trailers: readonly (readonly [name: string, value: string])[]
  /** The whole request arrived, its body included. */
  readonly complete: boolean
}

/** The parser's state for one connection: requests found, and where in `bytes` it stands. */
export interface RequestStream {
  /** Every byte the connection received. */
  bytes: string
  readonly requests: MutableRequest[]
  /** Set when nothing after this can be understood, or the connection became a tunnel. */
  stopped: boolean
  at: number
  rest: 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'trailers'
  left: number
}

export type MutableRequest = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] }

export function newRequestStream(): RequestStream {
  return { bytes: '', requests: [], stopped: false, at: 0, rest: 'head', left: 0 }
}

/**
 * Takes more bytes and parses as far as they go. Deliberately lenient, as a careless server would be: lines
 * may end with LF alone, white space before a colon is ignored, any coding that contains `chunked` counts.
 */
export function feed(stream: RequestStream, bytes: string): void {
  stream.bytes += bytes
  while (!stream.stopped && step(stream)) {}
}

function step(stream: RequestStream): boolean {
  if (stream.rest === 'head') return readHead(stream)
  const request = stream.requests.at(-1)
  if (request === undefined) return false
  if (stream.rest === 'length' || stream.rest === 'chunk-data') return readBytes(stream, request)
  return stream.rest === 'chunk-size' ? readChunkSize(stream, request) : readTrailers(stream, request)
}

function readHead(stream: RequestStream): boolean {
  while (stream.bytes[stream.at] === '\r' || stream.bytes[stream.at] === '\n') stream.at += 1
  const headEnd = /\r?\n\r?\n/g
  headEnd.lastIndex = stream.at
  const found = headEnd.exec(stream.bytes)
  if (found === null) return false
  const head = stream.bytes.slice(stream.at, found.index)
  stream.at = headEnd.lastIndex
  const [startLine = '', ...lines] = head.split(/\r?\n/)
  const [method = '', target = '', version = ''] = startLine.split(/[ \t]+/)
  const fields = lines.map(splitField)
  stream.requests.push({ head, method, target, version, fields, body: '', trailers: [], complete: false })
  beginBody(stream, fields)
  return true
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line.trim(), '']
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
}

function beginBody(stream: RequestStream, fields: RecordedRequest['fields']): void {
  const value = (name: string) => fields.find(([each]) => each.toLowerCase() === name)?.[1]
  const isChunked = fields.some(([name, text]) => /^transfer-encoding$/i.test(name) && /chunked/i.test(text))
  if (isChunked) {
    stream.rest = 'chunk-size'
    return
  }
  stream.left = Number.parseInt(value('content-length') ?? '0', 10) || 0
  stream.rest = 'length'
}

function readBytes(stream: RequestStream, request: MutableRequest): boolean {
  const text = stream.bytes.slice(stream.at, stream.at + stream.left)
  request.body += text
  stream.at += text.length
  stream.left -= text.length
  if (stream.left > 0) return false
  if (stream.rest === 'length') finish(stream, request)
  else stream.rest = 'chunk-size'
  return true
}

function takeLine(stream: RequestStream): string | undefined {
  const end = stream.bytes.indexOf('\n', stream.at)
  if (end < 0) return undefined
  const line = stream.bytes.slice(stream.at, end).replace(/\r$/, '')
  stream.at = end + 1
  return line
}

function readChunkSize(stream: RequestStream, request: MutableRequest): boolean {
  const line = takeLine(stream)
  if (line === undefined) return false
  // The line end after the data of the chunk before.
  if (line === '' && request.body !== '') return true
  const size = Number.parseInt(line, 16)
  if (Number.isNaN(size)) {
    stream.stopped = true
    return false
  }
  stream.left = size
  stream.rest = size === 0 ? 'trailers' : 'chunk-data'
  return true
}

function readTrailers(stream: RequestStream, request: MutableRequest): boolean {
  const line = takeLine(stream)
  if (line === undefined) return false
  if (line === '') finish(stream, request)
  else request.trailers = [...request.trailers, splitField(line)]
  return true
}

function finish(stream: RequestStream, request: MutableRequest): void {
  request.complete = true
  stream.rest = 'head'
}

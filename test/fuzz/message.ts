/** One message as a parser understood it. */
export interface ReadMessage {
  /** Method and target, or the status. */
  readonly start: string
  readonly minor: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly complete: boolean
  readonly trailers: readonly (readonly [name: string, value: string])[]
}

/** What a parser made of a stream of bytes. */
export interface Reading<Message extends ReadMessage = ReadMessage> {
  readonly messages: readonly Message[]
  /** Why it gave up, or undefined when it read to the end of what it wanted. */
  readonly refused: string | undefined
}

/** A message as Limpet understood it, with the bytes that go on to the other side. */
export interface RelayedMessage extends ReadMessage {
  readonly forwarded: Buffer
  /** Just past the message where it is complete, else just past its head; counted from the stream's first byte. */
  readonly end: number
  /** What the forwarded bytes must say: start line's parts, the Host. */
  readonly target: string
  readonly host: string
  readonly upgrade: boolean
  readonly fieldsNamedInConnection: readonly string[]
}

/** Name and value pairs out of Node's flat `rawHeaders`. */
export function pairs(raw: readonly string[]): (readonly [string, string])[] {
  const result: (readonly [string, string])[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) result.push([raw[at]!, raw[at + 1]!])
  return result
}

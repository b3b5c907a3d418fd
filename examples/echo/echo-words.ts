/** What the page and a replica say to each other. All of it is JSON. */

/** The ways in which a text can be asked to come back by an HTTP request. */
export const httpWays = ['http', 'socket', 'queue'] as const
export type HttpWay = (typeof httpWays)[number]

/** The content of `POST /echo`. */
export interface EchoRequest {
  /** The page's id, a UUID. */
  readonly client: string
  readonly text: string
  /** Back in the answer itself, over the socket that this replica holds, or over whichever socket there is. */
  readonly way: HttpWay
  /** The page's own name for this request, which comes back with the text; perhaps empty. */
  readonly ref: string
}

/** What a replica says over a socket. */
export type SocketWord =
  | { readonly type: 'hello'; readonly replica: string; readonly pid: number }
  | { readonly type: 'echo'; readonly replica: string; readonly ref: string; readonly text: string }
  | SocketMessage
  | { readonly type: 'error'; readonly code: EchoErrorCode; readonly message: string }

/** A text that an HTTP request has brought. */
export interface SocketMessage {
  readonly type: 'message'
  readonly way: 'socket' | 'queue'
  /** Unique; a message that comes again has the same. */
  readonly id: string
  /** Where the channel goes on behind it; only with `queue`. */
  readonly position?: string
  /** Whether messages before it may be lost; only with `queue`. */
  readonly gap?: boolean
  /** The replica that the HTTP request has reached. */
  readonly from: string
  /** The replica that holds the socket. */
  readonly replica: string
  readonly ref: string
  readonly text: string
}

export type EchoErrorCode =
  | 'ECHO_BAD_REQUEST'
  | 'ECHO_TOO_LONG'
  | 'ECHO_NOT_JSON'
  | 'ECHO_FOREIGN'
  | 'ECHO_FULL'
  | 'ECHO_STOPPING'
  | 'ECHO_CHANNEL'
  | 'ECHO_NOT_FOUND'
  | 'ECHO_METHOD'

/** Something that is wrong with a request. */
export interface EchoFault {
  readonly code: EchoErrorCode
  readonly message: string
}

const mostCharacters = 140
const mostRefCharacters = 40
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text can be a page's id: a UUID in lower case, as `crypto.randomUUID` makes them. */
export function isClientId(value: unknown): value is string {
  return typeof value === 'string' && uuid.test(value)
}

/** Reads the content of `POST /echo`. */
export function readEchoRequest(body: unknown): EchoRequest | EchoFault {
  if (!isObject(body)) return bad('The content must be a JSON object.')
  const { client, way } = body
  if (!isClientId(client)) return bad("'client' must be a UUID in lower case.")
  const known = httpWays.find((name) => name === way)
  if (known === undefined) return bad(`'way' must be one of ${httpWays.join(', ')}.`)
  const text = readText(body)
  return 'code' in text ? text : { client, way: known, ...text }
}

/** Reads what a page sends over its socket: `{ op: 'echo', text, ref? }`. */
export function readSocketRequest(body: unknown): { text: string; ref: string } | EchoFault {
  if (!isObject(body) || body.op !== 'echo') return bad(`A message must be a JSON object with op: "echo".`)
  return readText(body)
}

function readText({ text, ref = '' }: Record<string, unknown>): { text: string; ref: string } | EchoFault {
  if (typeof text !== 'string' || !text.isWellFormed()) return bad("'text' must be a text.")
  if (text.trim() === '') return bad("'text' must not be empty.")
  if (text.length > mostCharacters)
    return { code: 'ECHO_TOO_LONG', message: `'text' may have ${mostCharacters} characters at most.` }
  if (typeof ref !== 'string' || ref.length > mostRefCharacters)
    return bad(`'ref' must be a text of at most ${mostRefCharacters} characters.`)
  return { text, ref }
}

/** A text as it comes back: behind the name of the replica that has taken it. */
export function signed(replica: string, text: string): string {
  return `[${replica}]  ${text}`
}

function bad(message: string): EchoFault {
  return { code: 'ECHO_BAD_REQUEST', message }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

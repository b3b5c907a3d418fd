/** What a session of a fixture server remembers, in memory and nowhere else. */
export interface SessionState {
  count: number
  level: string
  readonly notes: string[]
  readonly subscriptions: Set<string>
  /** Sends a notification on the session's own stream, not on that of a request. */
  announce(method: string, params: Record<string, unknown>): Promise<void>
}

/** One request to a fixture server, the same for both generations of the SDK. */
export interface Call {
  /** The name of the server process. */
  readonly replica: string
  readonly state: SessionState
  readonly progressToken?: string | number | undefined
  /** Sends a notification on this request's stream. */
  notify(method: string, params: Record<string, unknown>): Promise<void>
  /** Asks the client on this request's stream; absent where the revision has no such requests. */
  readonly ask?: ((method: string, params: Record<string, unknown>) => Promise<Json>) | undefined
  /** Ends this request's stream while the request goes on. */
  readonly closeStream?: (() => void) | undefined
  /** What only the revision of 2026-07-28 has. */
  readonly modern?: ModernCall | undefined
  /** Tells the test which call ran, before it does anything else. */
  record(id: string): void
}

export interface ModernCall {
  /** What the client declared with this request. */
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly logLevel?: string | undefined
  readonly answers: Readonly<Record<string, Json>>
  /** The state that the client brought back, verified. */
  readonly state: Json | undefined
  /** Seals a state with a key that only this process has. */
  seal(state: Json): Promise<string>
  /** Tells all listeners that a list has changed. */
  changed(what: 'tools' | 'prompts'): void
}

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire, read by tests only
export type Json = any

export interface Tool {
  readonly description: string
  readonly inputSchema?: Record<string, unknown>
  run(call: Call, args: Json): Promise<Json> | Json
}

/** An error that clients see with this code. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}

export function newSession(announce: SessionState['announce']): SessionState {
  return { count: 0, level: 'debug', notes: [], subscriptions: new Set(), announce }
}

export const text = (value: unknown) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
})

export const schema = (properties: Record<string, unknown>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
})

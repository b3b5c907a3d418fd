import { ProtocolError } from '@modelcontextprotocol/client'
import { McpError } from '@modelcontextprotocol/sdk/types.js'

/** What a failed call is to the program that made it. */
export interface ClientError {
  /** `json-rpc`: an answer with an error; `transport`: something of HTTP; `hang`: no answer at all. */
  readonly kind: 'json-rpc' | 'transport' | 'hang'
  readonly code: number | string | undefined
  readonly message: string
}

export function clientErrorOf(error: unknown): ClientError {
  const { message, code } = error as { message: string; code?: number | string }
  if (/timed out|not within/i.test(message)) return { kind: 'hang', code, message }
  const isAnswer = error instanceof ProtocolError || error instanceof McpError
  // The first SDK uses its class of answered errors for a connection that it closed itself, too.
  return { kind: isAnswer && !/Connection closed/.test(message) ? 'json-rpc' : 'transport', code, message }
}

import type { JsonRpcMessage } from './sdk-shapes.ts'

/** The messages of a request's body: one, or a batch (revision 2025-03-26). What is no object is left out. */
export function messagesOf(body: unknown): JsonRpcMessage[] {
  return (Array.isArray(body) ? body : [body]).filter(
    (message) => typeof message === 'object' && message !== null,
  )
}

/** Whether a body is a request to begin a session. */
export function isInitialize(body: unknown): body is JsonRpcMessage {
  const [message] = messagesOf(body)
  return !Array.isArray(body) && message?.method === 'initialize' && message.id !== undefined
}

/** A response to a request that the server has sent. */
export function isResponse({ method, result, error }: JsonRpcMessage): boolean {
  return method === undefined && (result !== undefined || error !== undefined)
}

/** A field of a message's params; undefined when it isn't there or is no text. */
export function textParam({ params }: JsonRpcMessage, name: string): string | undefined {
  const value = (params as Record<string, unknown> | undefined)?.[name]
  return typeof value === 'string' ? value : undefined
}

import { isResponse } from './messages.ts'
import type { JsonRpcMessage, McpTransport } from './sdk-shapes.ts'

/**
 * Every server numbers its requests to the client (elicitation, sampling, roots) from 0. An answer to a question of
 * the server that has had the session before must not pass for one to the same number of its successor: so the numbers
 * go out with the epoch, and come in only with the right one.
 */
const pattern = /^limpet-(\d+)-(n|s)(.*)$/s

/** Has a transport send its server's requests under ids that hold `epoch`. */
export function markRequests(transport: McpTransport, epoch: number): void {
  const { send } = transport
  transport.send = (message: never, options?: never) =>
    Reflect.apply(send, transport, [marked(message, epoch), options])
}

/**
 * A client's body with the ids of its answers as the server of `epoch` knows them. Answers to others are left out;
 * undefined when nothing else was in it.
 */
export function unmarked(body: unknown, epoch: number): unknown {
  const unmark = (message: JsonRpcMessage): JsonRpcMessage | undefined => {
    if (typeof message !== 'object' || message === null || !isResponse(message)) return message
    const [, from, kind, id = ''] = pattern.exec(String(message.id)) ?? []
    if (from === undefined || Number(from) !== epoch) return undefined
    return { ...message, id: kind === 'n' ? Number(id) : id }
  }
  if (!Array.isArray(body)) return unmark(body as JsonRpcMessage)
  const rest = body.map(unmark).filter((message) => message !== undefined)
  return rest.length > 0 ? rest : undefined
}

function marked(message: JsonRpcMessage, epoch: number): JsonRpcMessage {
  const mark = (id: unknown): string => `limpet-${epoch}-${typeof id === 'number' ? 'n' : 's'}${id}`
  if (message.method === 'notifications/cancelled') {
    const params = message.params as { requestId?: unknown } | undefined
    return { ...message, params: { ...params, requestId: mark(params?.requestId) } }
  }
  return message.method !== undefined && message.id !== undefined
    ? { ...message, id: mark(message.id) }
    : message
}

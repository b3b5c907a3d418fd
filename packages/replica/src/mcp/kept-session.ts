import { isInitialize, messagesOf, textParam } from './messages.ts'
import type { JsonRpcMessage } from './sdk-shapes.ts'

/** What of a session's past makes a fresh server equal to the one that has had it. Stored as JSON. */
export interface KeptSession {
  /** As the client sent it. */
  readonly initialize: JsonRpcMessage
  /** Whether `notifications/initialized` has come. */
  readonly initialized: boolean
  readonly logLevel?: string
  /** URIs of resources, in the order in which they were subscribed to. */
  readonly subscriptions: readonly string[]
  /** A hash that names who began the session. */
  readonly principal?: string
}

/** A client could fill the store otherwise. */
const maxSubscriptions = 1000

/** What a session is after these messages of its client; the same object when they change nothing of it. */
export function learn(kept: KeptSession, body: unknown): KeptSession {
  return messagesOf(body).reduce(learnOne, kept)
}

function learnOne(kept: KeptSession, message: JsonRpcMessage): KeptSession {
  switch (message.method) {
    case 'notifications/initialized':
      return kept.initialized ? kept : { ...kept, initialized: true }
    case 'logging/setLevel': {
      const logLevel = textParam(message, 'level')
      return logLevel === undefined || logLevel === kept.logLevel ? kept : { ...kept, logLevel }
    }
    case 'resources/subscribe': {
      const uri = textParam(message, 'uri')
      const { subscriptions } = kept
      if (uri === undefined || subscriptions.includes(uri) || subscriptions.length >= maxSubscriptions)
        return kept
      return { ...kept, subscriptions: [...subscriptions, uri] }
    }
    case 'resources/unsubscribe': {
      const uri = textParam(message, 'uri')
      const subscriptions = kept.subscriptions.filter((subscribed) => subscribed !== uri)
      return subscriptions.length === kept.subscriptions.length ? kept : { ...kept, subscriptions }
    }
    default:
      return kept
  }
}

/** The messages that bring a fresh server to this point, `initialize` first. */
export function messagesToReplay({
  initialize,
  initialized,
  logLevel,
  subscriptions,
}: KeptSession): JsonRpcMessage[] {
  const requests = [
    ...(logLevel === undefined ? [] : [{ method: 'logging/setLevel', params: { level: logLevel } }]),
    ...subscriptions.map((uri) => ({ method: 'resources/subscribe', params: { uri } })),
  ]
  const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
  return [
    initialize,
    ...(initialized ? [notification] : []),
    ...requests.map((request, i) => ({ jsonrpc: '2.0', id: `limpet-replay-${i + 1}`, ...request })),
  ]
}

/** What the store gave, if it is a session at all. */
export function keptSessionOf(value: unknown): KeptSession | undefined {
  return isInitialize((value as KeptSession | undefined)?.initialize) ? (value as KeptSession) : undefined
}

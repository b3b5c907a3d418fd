/** What the router wants to know of the JSON-RPC content of a request. */
export interface ClientMessage {
  /** The method of a request or notification; undefined: it is a response, or several messages (2025-03-26). */
  readonly method: string | undefined
  /** The ids of the requests in it, which wait for responses. */
  readonly ids: readonly (string | number)[]
  /** Of `resources/subscribe` and `resources/unsubscribe`. */
  readonly uri: string | undefined
}

const NOTHING: ClientMessage = { method: undefined, ids: [], uri: undefined }

interface Written {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: { readonly uri?: unknown } | null
}

/** Reads a request's content; what is no JSON-RPC says nothing. Its length is for the caller to bound. */
export function readMessage(content: Buffer): ClientMessage {
  let parsed: unknown
  try {
    parsed = JSON.parse(content.toString('utf8'))
  } catch {
    return NOTHING
  }
  if (Array.isArray(parsed)) return { ...NOTHING, ids: parsed.flatMap(idsOf) }
  if (typeof parsed !== 'object' || parsed === null) return NOTHING
  const { method, params } = parsed as Written
  const uri = params?.uri
  return {
    method: typeof method === 'string' ? method : undefined,
    ids: idsOf(parsed),
    uri: typeof uri === 'string' ? uri : undefined,
  }
}

function idsOf(message: unknown): (string | number)[] {
  if (typeof message !== 'object' || message === null) return []
  const { id, method } = message as Written
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number') ? [id] : []
}

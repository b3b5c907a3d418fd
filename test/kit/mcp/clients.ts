import { EventEmitter, once } from 'node:events'
import { within } from '../process.ts'
import type { Json } from './call.ts'
import { connectV1, connectV1Sse } from './client-v1.ts'
import { connectV2 } from './client-v2.ts'

/**
 * `v1`, `v2`: official clients of the two generations with a session; `modern`: the second one with the revision of
 * 2026-07-28, which has none; `sse`: the first with the transport of 2024-11-05.
 */
export type ClientKind = 'v1' | 'v2' | 'modern' | 'sse'

export interface ClientOptions {
  /** Sent with each request, as it is at that moment. */
  readonly headers?: () => Record<string, string>
  readonly answerElicitation?: () => Promise<Json>
  readonly answerSampling?: () => Promise<Json>
}

/** What a client of either generation can do, as its SDK does it. */
export interface SdkClient {
  request(method: string, params: Record<string, unknown>, options: RequestSettings): Promise<Json>
  sessionId(): string | undefined
  close(): Promise<void>
}

export interface RequestSettings {
  readonly timeoutMs: number
  readonly onProgress?: ((progress: number) => void) | undefined
}

export interface Connecting {
  readonly url: URL
  readonly fetch: typeof fetch
  readonly options: ClientOptions
  readonly onNotification: (method: string, params: Json) => void
}

/** A request that a client has made over HTTP. */
export interface Exchange {
  readonly method: string
  readonly status: number
  readonly decision: string | null
}

export interface TestClient extends AsyncDisposable {
  readonly kind: ClientKind
  sessionId(): string | undefined
  /** Calls a tool and resolves to what its text says. Rejects with what the SDK throws. */
  call(tool: string, args?: Record<string, unknown>, settings?: Partial<RequestSettings>): Promise<Json>
  request(method: string, params?: Record<string, unknown>): Promise<Json>
  /** Resolves when a notification of this method has come, or at once if one that nobody awaited has. */
  notified(method: string): Promise<Json>
  /** What went over HTTP, in the order of the answers. */
  readonly exchanges: readonly Exchange[]
}

/** Longer than anything here may take: a call that needs so long hangs. */
const hangMs = 15_000

/** Connects an official client to an endpoint, such as `http://127.0.0.1:1234/mcp`. */
export async function connectClient(
  kind: ClientKind,
  endpoint: string,
  options: ClientOptions = {},
): Promise<TestClient> {
  const exchanges: Exchange[] = []
  const unread: { method: string; params: Json }[] = []
  const events = new EventEmitter()
  const connecting: Connecting = {
    url: new URL(endpoint),
    options,
    async fetch(input, init) {
      const response = await fetch(input, init)
      const decision = response.headers.get('limpet-decision')
      exchanges.push({ method: init?.method ?? 'GET', status: response.status, decision })
      return response
    },
    onNotification(method, params) {
      unread.push({ method, params })
      events.emit('notification')
    },
  }
  const connect = { v1: connectV1, v2: connectV2, modern: connectV2, sse: connectV1Sse }[kind]
  const sdk = await within(hangMs, `a client of kind ${kind} connects`, connect(connecting, kind))
  const search = async (method: string): Promise<Json> => {
    for (;;) {
      const index = unread.findIndex((notification) => notification.method === method)
      if (index >= 0) return unread.splice(index, 1)[0]!.params
      await once(events, 'notification')
    }
  }
  return {
    kind,
    sessionId: () => sdk.sessionId(),
    async call(name, args = {}, settings) {
      const params = { name, arguments: args }
      const { content } = await sdk.request('tools/call', params, { timeoutMs: hangMs, ...settings })
      return parsed(content[0].text)
    },
    request: (method, params = {}) => sdk.request(method, params, { timeoutMs: hangMs }),
    notified: (method) => within(hangMs, `${method} comes`, search(method)),
    exchanges,
    [Symbol.asyncDispose]: () => sdk.close(),
  }
}

/** Several clients; `kinds` in turn. */
export async function connectClients(
  count: number,
  kinds: readonly ClientKind[],
  endpoint: string,
  options: ClientOptions = {},
): Promise<TestClient[] & AsyncDisposable> {
  const settled = await Promise.allSettled(
    Array.from({ length: count }, (_, index) =>
      connectClient(kinds[index % kinds.length]!, endpoint, options),
    ),
  )
  const clients = settled
    .filter(({ status }) => status === 'fulfilled')
    .map((result) => (result as Json).value)
  const dispose = async (): Promise<void> => {
    await Promise.all(clients.map((client: TestClient) => client[Symbol.asyncDispose]()))
  }
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await dispose()
    throw failed.reason
  }
  return Object.assign(clients as TestClient[], { [Symbol.asyncDispose]: dispose })
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

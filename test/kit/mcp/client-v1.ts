import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ResultSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { Connecting, SdkClient } from './clients.ts'

export function connectV1(connecting: Connecting): Promise<SdkClient> {
  const transport = new StreamableHTTPClientTransport(connecting.url, { fetch: withHeaders(connecting) })
  return connect(transport as Transport, connecting, () => transport.sessionId)
}

export function connectV1Sse(connecting: Connecting): Promise<SdkClient> {
  const fetch = withHeaders(connecting)
  const transport = new SSEClientTransport(connecting.url, { fetch, eventSourceInit: { fetch } })
  return connect(transport, connecting, () => undefined)
}

/** The SDK takes headers once; here they may change between requests, as tokens do. */
export function withHeaders({ fetch, options }: Connecting): typeof globalThis.fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(options.headers?.() ?? {})) headers.set(name, value)
    return fetch(input, { ...init, headers })
  }
}

async function connect(
  transport: Transport,
  { options, onNotification }: Connecting,
  sessionId: () => string | undefined,
): Promise<SdkClient> {
  const { answerElicitation, answerSampling } = options
  const client = new Client(
    { name: 'limpet-test', version: '1.0.0' },
    {
      capabilities: {
        ...(answerElicitation && { elicitation: {} }),
        ...(answerSampling && { sampling: {} }),
      },
    },
  )
  if (answerElicitation) client.setRequestHandler(ElicitRequestSchema, answerElicitation)
  if (answerSampling) client.setRequestHandler(CreateMessageRequestSchema, answerSampling)
  client.fallbackNotificationHandler = async ({ method, params }) => onNotification(method, params)
  try {
    await client.connect(transport)
  } catch (error) {
    // Its stream would be tried again and again.
    await client.close()
    throw error
  }
  return {
    request: (method, params, { timeoutMs, onProgress }) =>
      client.request({ method, params }, ResultSchema, {
        timeout: timeoutMs,
        ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
      }),
    sessionId,
    close: () => client.close(),
  }
}

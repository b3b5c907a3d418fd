import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Json } from './call.ts'
import { withHeaders } from './client-v1.ts'
import type { Connecting, SdkClient } from './clients.ts'

export async function connectV2(connecting: Connecting, kind: string): Promise<SdkClient> {
  const { answerElicitation, answerSampling } = connecting.options
  const transport = new StreamableHTTPClientTransport(connecting.url, { fetch: withHeaders(connecting) })
  const client = new Client(
    { name: 'limpet-test', version: '2.0.0' },
    {
      capabilities: {
        ...(answerElicitation && { elicitation: {} }),
        ...(answerSampling && { sampling: {} }),
      },
      versionNegotiation: { mode: kind === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
    },
  )
  if (answerElicitation) client.setRequestHandler('elicitation/create', answerElicitation)
  if (answerSampling) client.setRequestHandler('sampling/createMessage', answerSampling)
  client.fallbackNotificationHandler = async ({ method, params }) => connecting.onNotification(method, params)
  try {
    await client.connect(transport)
  } catch (error) {
    // Its stream would be tried again and again.
    await client.close()
    throw error
  }
  return {
    request: (method, params, { timeoutMs, onProgress }) => {
      const settings = {
        timeout: timeoutMs,
        ...(onProgress && { onprogress: ({ progress }: { progress: number }) => onProgress(progress) }),
      }
      // This one also answers what a server of 2026-07-28 asks for before it is done.
      if (method === 'tools/call') return client.callTool(params as Json, settings)
      return client.request({ method, params } as Json, settings)
    },
    sessionId: () => transport.sessionId,
    close: () => client.close(),
  }
}

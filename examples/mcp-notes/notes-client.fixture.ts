/** For tests: clients of either SDK generation that send each request to the replica that the test says. */
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'

/** Says where a request of this method goes; undefined when it is to be answered 405. */
export type Pick = (method: string) => string | undefined

export interface Notes {
  readonly replica: string
  readonly notes: string[]
}

export interface NotesClient extends AsyncDisposable {
  readonly sessionId: string
  /** Texts of log messages and URIs of resources that have changed, as they came. */
  readonly heard: string[]
  call(tool: string, args?: Record<string, unknown>): Promise<Notes>
  subscribe(uri: string): Promise<unknown>
  /** Ends the session. */
  end(): Promise<void>
}

export type Connect = (pick: Pick) => Promise<NotesClient>

const info = { name: 'notes-test', version: '1' }
const reconnectionOptions = {
  initialReconnectionDelay: 50,
  maxReconnectionDelay: 200,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 50,
}

/** Sends a request elsewhere when nothing listens where it should go, as a router does. */
function routed(pick: Pick): typeof fetch {
  return async (_url, init) => {
    for (let attempt = 1; ; attempt++) {
      const url = pick(init?.method ?? 'GET')
      if (url === undefined) return new Response(null, { status: 405 })
      try {
        return await fetch(url, init)
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as { code?: string }
        if (code !== 'ECONNREFUSED' || attempt === 10) throw error
      }
    }
  }
}

function notesOf(result: unknown): Notes {
  const { content, isError } = result as { content: { text: string }[]; isError?: boolean }
  if (isError) throw new Error(content[0]!.text)
  return JSON.parse(content[0]!.text)
}

async function connect1(pick: Pick): Promise<NotesClient> {
  const client = new Client1(info)
  const heard: string[] = []
  client.setNotificationHandler(
    LoggingMessageNotificationSchema,
    ({ params }) => void heard.push(String(params.data)),
  )
  client.setNotificationHandler(
    ResourceUpdatedNotificationSchema,
    ({ params }) => void heard.push(params.uri),
  )
  const transport = new Transport1(new URL('http://127.0.0.1/mcp'), {
    fetch: routed(pick),
    reconnectionOptions,
  })
  // Its declaration and that of the interface differ under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client1['connect']>[0])
  return {
    sessionId: transport.sessionId!,
    heard,
    call: async (name, args = {}) => notesOf(await client.callTool({ name, arguments: args })),
    subscribe: (uri) => client.subscribeResource({ uri }),
    end: () => transport.terminateSession(),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function connect2(pick: Pick): Promise<NotesClient> {
  const client = new Client2(info)
  const heard: string[] = []
  client.setNotificationHandler('notifications/message', ({ params }) => void heard.push(String(params.data)))
  client.setNotificationHandler(
    'notifications/resources/updated',
    ({ params }) => void heard.push(params.uri),
  )
  const transport = new Transport2(new URL('http://127.0.0.1/mcp'), {
    fetch: routed(pick),
    reconnectionOptions,
  })
  await client.connect(transport)
  return {
    sessionId: transport.sessionId!,
    heard,
    call: async (name, args = {}) => notesOf(await client.callTool({ name, arguments: args })),
    subscribe: (uri) => client.subscribeResource({ uri }),
    end: () => transport.terminateSession(),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

export const clients: readonly (readonly [name: string, connect: Connect])[] = [
  ['SDK v1', connect1],
  ['SDK v2', connect2],
]

/** For tests: the same server on either generation of the SDK, whose sessions keep notes. */
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { McpServer as McpServer2 } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { McpSession, McpSessionsOptions } from './options.ts'

type Factories = Pick<McpSessionsOptions, 'createServer' | 'createTransport'>

export interface NotesHooks {
  /** Called by the tool `wait`, which ends when this does. */
  readonly wait?: () => Promise<unknown>
  /** Gives a function that sends a log message to each new server's client. */
  readonly onServer?: (session: McpSession, log: (text: string) => Promise<void>) => void
}

const uri = 'notes://all'
const capabilities = { logging: {}, resources: { subscribe: true } }

/** What both SDKs' transports take besides. */
interface TransportMore {
  readonly enableJsonResponse: boolean
  readonly enableDnsRebindingProtection: boolean
  readonly allowedOrigins: string[]
}

export interface Generation {
  readonly name: string
  factories(hooks?: NotesHooks, transport?: Partial<TransportMore>): Factories
}

/** What the tools do, for either SDK. */
function toolsOf(
  { state }: McpSession,
  hooks: NotesHooks,
  subscribed: Set<string>,
  changed: () => Promise<void>,
) {
  const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] })
  return {
    async add({ note }: { note: string }) {
      const notes = await state.update<string[]>('notes', (old = []) => [...old, note])
      if (subscribed.has(uri)) await changed()
      return text(notes)
    },
    list: async () => text((await state.get('notes')) ?? []),
    async wait({ note }: { note: string }) {
      await hooks.wait?.()
      return text(await state.update<string[]>('notes', (old = []) => [...old, note]))
    },
  }
}

export const generations: readonly Generation[] = [
  {
    name: 'SDK v1',
    factories: (hooks = {}, more = {}) => ({
      createServer(session) {
        const server = new McpServer1({ name: 'notes', version: '1' }, { capabilities })
        const subscribed = new Set<string>()
        const changed = () => server.server.sendResourceUpdated({ uri })
        const tools = toolsOf(session, hooks, subscribed, changed)
        const inputSchema = { note: z.string() }
        server.registerTool('add_note', { inputSchema }, tools.add)
        server.registerTool('list_notes', {}, tools.list)
        server.registerTool('wait', { inputSchema }, tools.wait)
        server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
          subscribed.add(params.uri)
          return {}
        })
        server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
          subscribed.delete(params.uri)
          return {}
        })
        hooks.onServer?.(session, (data) =>
          server.server.sendLoggingMessage({ level: 'info', data }, session.id),
        )
        return server
      },
      createTransport: (options) => new StreamableHTTPServerTransport({ ...options, ...more }),
    }),
  },
  {
    name: 'SDK v2',
    factories: (hooks = {}, more = {}) => ({
      createServer(session) {
        const server = new McpServer2({ name: 'notes', version: '1' }, { capabilities })
        const subscribed = new Set<string>()
        const changed = () => server.server.sendResourceUpdated({ uri })
        const tools = toolsOf(session, hooks, subscribed, changed)
        const inputSchema = z.object({ note: z.string() })
        server.registerTool('add_note', { inputSchema }, tools.add)
        server.registerTool('list_notes', {}, tools.list)
        server.registerTool('wait', { inputSchema }, tools.wait)
        server.server.setRequestHandler('resources/subscribe', ({ params }) => {
          subscribed.add(params.uri)
          return {}
        })
        server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
          subscribed.delete(params.uri)
          return {}
        })
        hooks.onServer?.(session, (data) =>
          server.server.sendLoggingMessage({ level: 'info', data }, session.id),
        )
        return server
      },
      createTransport: (options) => new NodeStreamableHTTPServerTransport({ ...options, ...more }),
    }),
  },
]

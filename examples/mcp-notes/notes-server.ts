import { setTimeout as wait } from 'node:timers/promises'
import type { McpSession } from '@limpet/replica/mcp'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  type CallToolResult,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

export const notesUri = 'notes://all'

/** The key of a session's notes in its state. */
const key = 'notes'

/**
 * An MCP server whose sessions each have notes of their own. Nothing of them is in this process: they are in the
 * session's state, so that whichever replica serves the session has them. `replica` stands in every answer.
 */
export function createNotesServer(session: McpSession, replica: string): McpServer {
  const server = new McpServer(
    { name: 'mcp-notes', version: '1.0.0' },
    { capabilities: { logging: {}, resources: { subscribe: true } } },
  )
  /** Filled again when the session is resumed: its subscriptions are replayed. */
  const subscribed = new Set<string>()
  const notes = async (): Promise<string[]> => (await session.state.get<string[]>(key)) ?? []

  const add = async (text: string): Promise<string[]> => {
    const all = await session.state.update<string[]>(key, (old = []) => [...old, text])
    await server.sendLoggingMessage({ level: 'info', data: `note ${all.length}: ${text}` }, session.id)
    if (subscribed.has(notesUri)) await server.server.sendResourceUpdated({ uri: notesUri })
    return all
  }
  const answer = (all: string[]): CallToolResult => ({
    content: [{ type: 'text', text: JSON.stringify({ replica, notes: all }) }],
  })

  server.registerTool(
    'add_note',
    { description: 'Adds a note to this session.', inputSchema: { text: z.string() } },
    async ({ text }) => answer(await add(text)),
  )
  server.registerTool('list_notes', { description: 'The notes of this session.' }, async () =>
    answer(await notes()),
  )
  server.registerTool(
    'dictate',
    {
      description: 'Adds notes one at a time, with a pause after each.',
      inputSchema: { texts: z.array(z.string()), pauseMs: z.number().int().min(0).max(60_000) },
    },
    async ({ texts, pauseMs }, { signal }) => {
      for (const text of texts) {
        await add(text)
        await wait(pauseMs, undefined, { signal })
      }
      return answer(await notes())
    },
  )
  server.registerResource('notes', notesUri, { mimeType: 'application/json' }, async () => ({
    contents: [{ uri: notesUri, mimeType: 'application/json', text: JSON.stringify(await notes()) }],
  }))
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    subscribed.add(params.uri)
    return {}
  })
  server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    subscribed.delete(params.uri)
    return {}
  })
  return server
}

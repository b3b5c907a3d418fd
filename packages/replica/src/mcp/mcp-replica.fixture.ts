/** For tests: MCP endpoints in this process, and a client of raw requests. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type McpSessions, openMcpSessions } from './mcp-sessions.ts'
import type { McpSessionsOptions } from './options.ts'

export interface TestReplica extends AsyncDisposable {
  readonly url: string
  readonly sessions: McpSessions
  /** What was reported to the operator. */
  readonly reports: unknown[]
}

/** Serves MCP sessions on a free port of 127.0.0.1. */
export async function startReplica(options: McpSessionsOptions): Promise<TestReplica> {
  const reports: unknown[] = []
  const sessions = await openMcpSessions({ report: (error) => reports.push(error), ...options })
  const server = createServer((request, response) => sessions.handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    sessions,
    reports,
    async [Symbol.asyncDispose]() {
      server.close()
      await sessions.close({ graceMs: 0 })
      server.closeAllConnections()
    },
  }
}

export const version = '2025-11-25'

export const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}

export const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }

/** Posts a message as a client would. */
export function post(url: string, message: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': version,
      ...headers,
    },
    body: JSON.stringify(message),
  })
}

/** Begins a session and gives its id. */
export async function begin(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await post(url, initialize, headers)
  await response.text()
  const id = response.headers.get('mcp-session-id')
  if (id === null) throw new Error(`no session: ${response.status}`)
  const accepted = await post(url, initialized, { 'mcp-session-id': id, ...headers })
  await accepted.text()
  return id
}

let lastId = 0

/** The result of a request in a session, whether it came as an event or as JSON. */
export async function call(
  url: string,
  id: string,
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
): Promise<{ result?: unknown; error?: { code: number; message: string } }> {
  const message = { jsonrpc: '2.0', id: ++lastId, method, params }
  const response = await post(url, message, { 'mcp-session-id': id, ...headers })
  const text = await response.text()
  const data = [...text.matchAll(/^data: (.+)$/gm)].at(-1)?.[1] ?? text
  return JSON.parse(data)
}

/** What a tool says, which is JSON; throws when it has failed. */
export async function callTool(url: string, id: string, name: string, args: object = {}): Promise<unknown> {
  const { result, error } = await call(url, id, 'tools/call', { name, arguments: args })
  if (error) throw new Error(error.message)
  const { content, isError } = result as { content: { text: string }[]; isError?: boolean }
  if (isError) throw new Error(content[0]?.text)
  return JSON.parse(content[0]?.text ?? 'null')
}

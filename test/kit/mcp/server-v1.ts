/** A server of the first generation of the SDK, put together as its examples are: sessions in memory. */

import { randomUUID } from 'node:crypto'
import { InMemoryEventStore } from '@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Request, Response } from 'express'
import { count, jsonRpcError, optionsOfProcess, serve } from './serve.ts'
import { newV1Server } from './v1-server.ts'

const options = optionsOfProcess()
const sessions = new Map<string, StreamableHTTPServerTransport>()

async function begin(): Promise<StreamableHTTPServerTransport> {
  const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new InMemoryEventStore(),
    retryInterval: 200,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  })
  const server = newV1Server(options.name)
  server.onclose = () => sessions.delete(transport.sessionId ?? '')
  await server.connect(transport as Parameters<typeof server.connect>[0])
  return transport
}

async function handle(request: Request, response: Response): Promise<void> {
  const id = request.get('mcp-session-id')
  const known = sessions.get(id ?? '')
  if (known !== undefined) {
    await known.handleRequest(request, response, request.body)
  } else if (id === undefined && request.method === 'POST' && isInitializeRequest(request.body)) {
    await (await begin()).handleRequest(request, response, request.body)
  } else if (id === undefined || options.unknownSession === 'no-valid-id') {
    response.status(400).json(jsonRpcError(-32000, 'Bad Request: No valid session ID provided'))
  } else if (options.unknownSession === 'not-initialized') {
    await (await begin()).handleRequest(request, response, request.body)
  } else {
    response.status(404).json(jsonRpcError(-32001, 'Session not found'))
  }
}

const app = createMcpExpressApp()
count(app)
app.all(['/mcp', '/other/mcp'], handle)
serve(app, options, sessions)

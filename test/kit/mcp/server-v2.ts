/** A server of the second generation of the SDK: sessions of the older revisions and 2026-07-28 on one endpoint. */

import { randomBytes, randomUUID } from 'node:crypto'
import { createMcpExpressApp } from '@modelcontextprotocol/express'
import { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  isInitializeRequest,
  isLegacyRequest,
  McpServer,
  ProtocolError,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Request, Response } from 'express'
import { answers, capabilities, type Method } from './answer.ts'
import { type Call, CallError, type Json, type ModernCall, newSession, type SessionState } from './call.ts'
import { eventStore } from './event-store.ts'
import { modernTools } from './modern-tools.ts'
import { count, jsonRpcError, optionsOfProcess, record, serve } from './serve.ts'
import { sharedBus } from './shared-bus.ts'
import { taskAnswers, tasksExtension } from './tasks.ts'

const options = optionsOfProcess()
const sessions = new Map<string, NodeStreamableHTTPServerTransport>()

// Another process can't open what this one has sealed.
const codec = createRequestStateCodec<Json>({ key: randomBytes(32), ttlSeconds: 600 })

/** `state` is the session's; there are no sessions in the revision of 2026-07-28, where it is the process's. */
function newServer(state: SessionState | undefined, modern: boolean): McpServer {
  const mcpServer = new McpServer(
    { name: `limpet-fixture-${options.name}`, version: '2.0.0' },
    {
      capabilities: modern ? { ...capabilities, extensions: { [tasksExtension]: {} } } : capabilities,
      requestState: { verify: codec.verify },
    },
  )
  // For the SDK to compare this tool's arguments with the headers that repeat them; the answer is ours.
  if (modern) {
    const inputSchema = fromJsonSchema(modernTools.test_custom_headers!.inputSchema as Json)
    mcpServer.registerTool('test_custom_headers', { inputSchema }, () => ({ content: [] }))
  }
  const { server } = mcpServer
  const own = state ?? newSession((method, params) => server.notification({ method, params } as Json))
  const { 'logging/setLevel': _, ...modernAnswers } = answers
  const callOf = (context: ServerContext): Call => {
    const { mcpReq, http } = context
    return {
      replica: options.name,
      state: own,
      progressToken: mcpReq._meta?.progressToken,
      notify: (name, params) => mcpReq.notify({ method: name, params } as Json),
      ask: modern ? undefined : (name, params) => mcpReq.send({ method: name as 'roots/list', params }),
      closeStream: http?.closeSSE,
      modern: modern ? modernCall(context) : undefined,
      record,
    }
  }
  for (const method of Object.keys(modern ? modernAnswers : answers) as Method[])
    server.setRequestHandler(method as 'tools/call', (request, context) =>
      asProtocolError(() => answers[method](callOf(context), request.params as Json)),
    )
  if (modern)
    for (const [method, answer] of Object.entries(taskAnswers))
      server.setRequestHandler(
        method,
        { params: fromJsonSchema<Json>({ type: 'object' }) },
        (params, context) => asProtocolError(() => answer(callOf(context), params)),
      )
  return mcpServer
}

async function asProtocolError(answer: () => Json): Promise<Json> {
  try {
    return await answer()
  } catch (error) {
    throw error instanceof CallError
      ? new ProtocolError(error.code, error.message, error.data as Json)
      : error
  }
}

function modernCall({ mcpReq }: ServerContext): ModernCall {
  const envelope: Json = mcpReq.envelope ?? {}
  return {
    capabilities: envelope['io.modelcontextprotocol/clientCapabilities'] ?? {},
    logLevel: envelope['io.modelcontextprotocol/logLevel'],
    answers: mcpReq.inputResponses ?? {},
    state: mcpReq.requestState<Json>(),
    seal: (value) => codec.mint(value),
    changed: (what) => (what === 'tools' ? modern.notify.toolsChanged() : modern.notify.promptsChanged()),
  }
}

const processState = newSession(async (method, params) => {
  if (method === 'notifications/resources/updated') modern.notify.resourceUpdated(String(params.uri))
})
const modern = createMcpHandler(() => newServer(processState, true), { legacy: 'reject', bus: sharedBus() })
const handleModern = toNodeHandler(modern)

async function begin(): Promise<NodeStreamableHTTPServerTransport> {
  const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: eventStore(),
    retryInterval: 200,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  })
  const server = newServer(undefined, false)
  server.server.onclose = () => sessions.delete(transport.sessionId ?? '')
  await server.connect(transport)
  return transport
}

async function handleLegacy(request: Request, response: Response): Promise<void> {
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
app.all(['/mcp', '/other/mcp'], async (request, response) => {
  const isLegacy = await isLegacyRequest(await toWebRequest(request, request.body), request.body)
  if (isLegacy) await handleLegacy(request, response)
  else await handleModern(request, response, request.body)
})
serve(app, options, sessions)

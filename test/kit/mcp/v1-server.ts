import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { answers, capabilities, type Method } from './answer.ts'
import { type Call, CallError, type Json, newSession } from './call.ts'
import { record } from './serve.ts'

const schemas = {
  'tools/list': ListToolsRequestSchema,
  'tools/call': CallToolRequestSchema,
  'resources/list': ListResourcesRequestSchema,
  'resources/templates/list': ListResourceTemplatesRequestSchema,
  'resources/read': ReadResourceRequestSchema,
  'resources/subscribe': SubscribeRequestSchema,
  'resources/unsubscribe': UnsubscribeRequestSchema,
  'prompts/list': ListPromptsRequestSchema,
  'prompts/get': GetPromptRequestSchema,
  'logging/setLevel': SetLevelRequestSchema,
  'completion/complete': CompleteRequestSchema,
} as const

/** A server of one session, for any transport of the first generation of the SDK. */
export function newV1Server(replica: string): Server {
  const server = new Server({ name: `limpet-fixture-${replica}`, version: '1.0.0' }, { capabilities })
  const state = newSession((method, params) => server.notification({ method, params } as Json))
  for (const method of Object.keys(schemas) as Method[]) {
    server.setRequestHandler(schemas[method] as typeof CallToolRequestSchema, async (request, extra) => {
      const call: Call = {
        replica,
        state,
        progressToken: extra._meta?.progressToken,
        notify: (name, params) => extra.sendNotification({ method: name, params } as Json),
        ask: (name, params) =>
          extra.sendRequest(
            { method: name, params } as Json,
            (name === 'elicitation/create' ? ElicitResultSchema : CreateMessageResultSchema) as Json,
          ),
        closeStream: extra.closeSSEStream,
        record,
      }
      try {
        return (await answers[method](call, request.params as Json)) as Json
      } catch (error) {
        throw error instanceof CallError ? new McpError(error.code, error.message, error.data) : error
      }
    })
  }
  return server
}

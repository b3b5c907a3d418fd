/** A server of the revision of 2024-11-05: a GET opens a stream that names where to post. */

import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { count, optionsOfProcess, serve } from './serve.ts'
import { newV1Server } from './v1-server.ts'

const options = optionsOfProcess()
const sessions = new Map<string, SSEServerTransport>()

const app = createMcpExpressApp()
count(app)

app.get('/sse', async (_, response) => {
  const transport = new SSEServerTransport('/messages', response)
  sessions.set(transport.sessionId, transport)
  response.on('close', () => sessions.delete(transport.sessionId))
  await newV1Server(options.name).connect(transport)
})

app.post('/messages', async (request, response) => {
  const transport = sessions.get(String(request.query.sessionId))
  if (transport !== undefined) await transport.handlePostMessage(request, response, request.body)
  else response.status(404).send('Session not found')
})

serve(app, options, sessions)

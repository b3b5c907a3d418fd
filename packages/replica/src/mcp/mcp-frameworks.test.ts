/** The few lines of adoption, in each framework and with each SDK, as the guide has them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpExpressApp as createExpressApp2 } from '@modelcontextprotocol/express'
import { toNodeHandler, toWebRequest } from '@modelcontextprotocol/node'
import { createMcpExpressApp as createExpressApp1 } from '@modelcontextprotocol/sdk/server/express.js'
import { createMcpHandler, isLegacyRequest, McpServer } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { openStream } from './event-stream.fixture.ts'
import { begin, callTool } from './mcp-replica.fixture.ts'
import { type McpSessions, openMcpSessions } from './mcp-sessions.ts'
import { generations } from './notes-server.fixture.ts'

const modern = toNodeHandler(
  createMcpHandler(
    () => {
      const server = new McpServer({ name: 'modern', version: '1' })
      server.registerTool('era', {}, async () => ({ content: [{ type: 'text', text: '"modern"' }] }))
      return server
    },
    { legacy: 'reject' },
  ),
)

const frameworks: Record<string, (sessions: McpSessions) => RequestListener | Server> = {
  'node:http': (sessions) => (request, response) => void sessions.handle(request, response),
  'Express, by SDK v1': (sessions) => {
    const app = createExpressApp1()
    app.all('/mcp', (request, response) => sessions.handle(request, response, request.body))
    return app
  },
  'Express, by SDK v2, with both eras': (sessions) => {
    const app = createExpressApp2()
    app.all('/mcp', async (request, response) => {
      const isLegacy = await isLegacyRequest(await toWebRequest(request, request.body))
      if (isLegacy) await sessions.handle(request, response, request.body)
      else await modern(request, response, request.body)
    })
    return app
  },
  Hono: (sessions) => {
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.all('/mcp', async ({ env: { incoming, outgoing } }) => {
      await sessions.handle(incoming, outgoing)
      return RESPONSE_ALREADY_SENT
    })
    return createAdaptorServer({ fetch: app.fetch }) as Server
  },
}

for (const [name, serve] of Object.entries(frameworks)) {
  for (const generation of generations) {
    test(`a session on ${name}, its server of ${generation.name}`, async () => {
      // The second session has the first let go, and the other way round.
      const sessions = await openMcpSessions({ ...generation.factories(), store: 'memory', maxLive: 1 })
      const served = serve(sessions)
      const server = typeof served === 'function' ? createServer(served) : served
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
      try {
        const id = await begin(url)
        assert.deepEqual(await callTool(url, id, 'add_note', { note: 'x' }), ['x'])
        const other = await begin(url)
        assert.deepEqual(await callTool(url, other, 'list_notes'), [])
        assert.deepEqual(await callTool(url, id, 'add_note', { note: 'y' }), ['x', 'y'])
        const stream = await openStream(url, id)
        assert.match((await stream.next())!.id, /^_GET_stream_/)
        stream.abort()
        const ended = await fetch(url, { method: 'DELETE', headers: { 'mcp-session-id': id } })
        assert.equal(ended.status, 200)

        if (name.includes('both eras')) {
          const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
          await client.connect(new StreamableHTTPClientTransport(new URL(url)))
          const { content } = await client.callTool({ name: 'era' })
          assert.deepEqual(content, [{ type: 'text', text: '"modern"' }])
          await client.close()
        }
      } finally {
        server.close()
        await sessions.close({ graceMs: 0 })
        server.closeAllConnections()
      }
    })
  }
}

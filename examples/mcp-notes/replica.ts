/**
 * One replica as a process of its own:
 *
 *     node examples/mcp-notes/replica.ts --store redis://127.0.0.1 [--name otter] [--port 3001]
 *
 * It serves /mcp on 127.0.0.1. A parent process hears of its port in a message `{ port }`; run by hand, it prints its
 * URL. SIGTERM stops it after the calls under way; it ends at once when its parent is gone.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { onStopSignal } from '@limpet/replica'
import { openMcpSessions } from '@limpet/replica/mcp'
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createNotesServer } from './notes-server.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'otter' },
    port: { type: 'string', default: '0' },
    store: { type: 'string', default: 'file:./mcp-notes-sessions' },
  },
})

const sessions = await openMcpSessions({
  store: values.store,
  createServer: (session) => createNotesServer(session, values.name),
  createTransport: (options) => new StreamableHTTPServerTransport(options),
})
// Answers only to the names of this machine, so that no web page can reach it by a name of its own.
const app = createMcpExpressApp()
app.get(
  '/healthz',
  (_request, response) => void response.json({ name: values.name, live: sessions.liveCount }),
)
app.all('/mcp', (request, response) => sessions.handle(request, response, request.body))

const server = createServer(app).listen(Number(values.port), '127.0.0.1')
await once(server, 'listening')
onStopSignal(async () => {
  server.close()
  await sessions.close()
})
process.once('disconnect', () => process.exit(0))
const { port } = server.address() as AddressInfo
if (process.send) process.send({ port })
else process.stdout.write(`replica ${values.name} listens on http://127.0.0.1:${port}/mcp\n`)

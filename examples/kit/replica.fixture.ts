/** The least that can be a replica: it says its process id, and holds as many WebSockets as it was told last. */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { runReplica } from './run-replica.ts'

const { values } = parseArgs({ options: { name: { type: 'string' }, port: { type: 'string' } } })
const server = createServer((request, response) => {
  const sockets = /^\/sockets\/(\d+)$/.exec(request.url ?? '')?.[1]
  if (sockets !== undefined) process.send?.({ sockets: Number(sockets) })
  response.end(JSON.stringify({ pid: process.pid }))
})
await runReplica({
  name: values.name!,
  server,
  at: { host: '127.0.0.1', port: Number(values.port) },
  async stop() {
    server.close()
    server.closeAllConnections()
  },
})

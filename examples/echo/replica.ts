/**
 * One replica of the echo demo as a process of its own:
 *
 *     LIMPET_CHANNEL=redis://127.0.0.1 node examples/echo/replica.ts [--name otter] [--port PORT]
 *
 * It listens on HOST (127.0.0.1) at --port or PORT, by default a free one, or at the Unix socket that LIMPET_SOCKET
 * names. Its name is --name, else that of NAME or LIMPET_WORKER. SIGTERM stops it: sockets are closed with 1001, and
 * requests in flight end.
 */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { openChannel } from '@limpet/replica/channel'
import { runReplica } from '../kit/run-replica.ts'
import { createEchoApp } from './echo-app.ts'

const { LIMPET_SOCKET, LIMPET_WORKER, NAME, HOST, PORT = '0', DEMO_CONTROLS } = process.env
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: NAME || LIMPET_WORKER || 'otter' },
    port: { type: 'string' },
  },
})
/** For requests under way at the end. */
const graceMs = 5000

try {
  await run()
} catch (error) {
  process.stderr.write(`replica ${values.name}: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

async function run(): Promise<void> {
  const { name } = values
  const channel = await openChannel()
  const app = createEchoApp({
    name,
    channel,
    controls: DEMO_CONTROLS,
    onSockets: (sockets) => process.send?.({ sockets }),
  })
  const server = createServer((request, response) => {
    response.setHeader('x-demo-replica', name)
    if (app.handle(request, response)) return
    const isHealth = request.url === '/healthz'
    response.writeHead(isHealth ? 200 : 404, { 'content-type': 'text/plain' })
    response.end(isHealth ? 'ok\n' : 'There is nothing here.\n')
  })
  server.on('upgrade', app.upgrade)
  // Longer than a router keeps a connection unused, so that it is the router who closes it.
  server.keepAliveTimeout = 75_000
  await runReplica({
    name,
    server,
    at:
      values.port === undefined && LIMPET_SOCKET
        ? { path: LIMPET_SOCKET }
        : { host: HOST || '127.0.0.1', port: Number(values.port ?? PORT) },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      await app.close()
      const deadline = setTimeout(() => server.closeAllConnections(), graceMs)
      server.closeIdleConnections()
      await closed
      clearTimeout(deadline)
      await channel.close()
    },
  })
}

/**
 * One demo replica as a process of its own:
 *
 *     node examples/demo/replica.ts --name otter [--port PORT] [--delay MILLISECONDS]
 *
 * It listens on 127.0.0.1, by default on a port that the system chooses, and joins the channel at LIMPET_CHANNEL. A
 * parent process hears of its port in a message `{ port }`; run by hand, it prints a line. SIGTERM stops it after the
 * requests in flight; it ends at once when its parent is gone.
 */
import { parseArgs } from 'node:util'
import { openChannel } from '@limpet/replica/channel'
import { createEchoApp } from '../echo/echo-app.ts'
import { runReplica } from '../kit/run-replica.ts'
import { createEchoServer } from './echo-server.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'otter' },
    port: { type: 'string', default: '0' },
    delay: { type: 'string', default: '40' },
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
    controls: process.env.DEMO_CONTROLS,
    onSockets: (sockets) => process.send?.({ sockets }),
  })
  const { server, stop } = createEchoServer({
    name,
    delayMs: Number(values.delay),
    sessionHeader: 'x-truefoundry-sticky-session-id',
    maxBodyBytes: 1024 * 1024,
    maxSessions: 10_000,
    otherwise: app.handle,
  })
  server.on('upgrade', app.upgrade)
  await runReplica({
    name,
    server,
    at: { host: '127.0.0.1', port: Number(values.port) },
    async stop() {
      await Promise.all([stop(graceMs), app.close()])
      await channel.close()
    },
  })
}

/**
 * One demo replica as a process of its own:
 *
 *     node examples/demo/replica.ts --name otter [--port PORT] [--delay MILLISECONDS]
 *
 * It listens on 127.0.0.1, by default on a port that the system chooses. A parent process hears of it in a
 * message `{ port }`; run by hand, it prints a line. SIGTERM stops it after the requests in flight; it ends at once
 * when its parent is gone.
 */
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { createEchoServer } from './echo-server.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'otter' },
    port: { type: 'string', default: '0' },
    delay: { type: 'string', default: '40' },
  },
})

const { server, stop } = createEchoServer({
  name: values.name,
  delayMs: Number(values.delay),
  sessionHeader: 'x-truefoundry-sticky-session-id',
  maxBodyBytes: 1024 * 1024,
  maxSessions: 10_000,
})

server.on('error', (error) => {
  process.stderr.write(`replica ${values.name}: ${error.message}\n`)
  process.exit(1)
})
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  if (process.send) process.send({ port })
  else process.stdout.write(`replica ${values.name} listens on http://127.0.0.1:${port}\n`)
})

async function stopAndExit(): Promise<void> {
  await stop(5000)
  process.exit(0)
}

process.once('SIGTERM', stopAndExit)
process.once('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole process group; a parent stops its router first and its replicas then.
process.on('SIGINT', () => {
  if (!process.connected) stopAndExit()
})

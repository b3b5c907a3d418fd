import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { endProcess, startProcess, within } from './process.ts'

/** A port whose SYNs the kernel drops: who connects to it waits. */
export interface DeafPort extends AsyncDisposable {
  readonly port: number
}

/** Listens, tells the port, and never accepts: its thread sleeps from then on. */
const program = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 })
  server.on('listening', () => {
    require('node:fs').writeSync(1, String(server.address().port) + '\\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

/** How long a connection of loopback, which takes microseconds, may take before it counts as dropped. */
const DROPPED_MS = 300

/** Fills the queue of a listening socket that nobody accepts from; Linux drops what comes after. */
export async function startDeafPort(): Promise<DeafPort> {
  const child = startProcess(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await within(10_000, 'a port', once(child.stdout!, 'data'))
  const port = Number(String(line))
  const queued: Socket[] = []
  for (let connected = true; connected; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    queued.push(socket)
    connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), DROPPED_MS)),
    ])
    if (queued.length > 16) throw new Error('This kernel goes on queueing connections that nobody accepts.')
  }
  queued.pop()?.destroy()
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of queued) socket.destroy()
      await endProcess(child)
    },
  }
}

/** The demo that `npm start` runs: three replicas, each a process, and the router in front of them in this one. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readReplicaCount, replicaNames } from '../kit/replica-names.ts'
import { RouterDemo } from '../kit/router-demo.ts'
import { stopAndExitOnSignal } from '../kit/stop-and-exit.ts'
import { banner, usage } from './texts.ts'

let demo: RouterDemo | undefined
const stopping = stopAndExitOnSignal(async () => demo?.stop())

try {
  const options = readOptions(process.argv.slice(2))
  demo = new RouterDemo({
    ...options,
    script: fileURLToPath(new URL('replica.ts', import.meta.url)),
    sources: ['header:x-truefoundry-sticky-session-id'],
    say,
  })
  const started = await demo.start().catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'LIMPET_LISTEN_IN_USE')) throw error
    const other = 'npm start -- --listen 127.0.0.1:PORT --admin 127.0.0.1:PORT'
    throw new Error(`${error.message}\nTo use other ports: ${other}`)
  })
  if (!stopping.started) say(banner(started))
} catch (error) {
  if (!stopping.started) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    await stopping.exit(1)
  }
}

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      listen: { type: 'string', default: '127.0.0.1:8080' },
      admin: { type: 'string', default: '127.0.0.1:8081' },
      replicas: { type: 'string', default: '3' },
      store: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    say(usage(replicaNames.length))
    process.exit(0)
  }
  const { listen, admin, store } = values
  return { listen, admin, store, replicas: readReplicaCount(values.replicas) }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

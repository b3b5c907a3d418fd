/** Runs the example until Ctrl-C: replicas and the router before them, or workers. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readReplicaCount, replicaNames } from '../kit/replica-names.ts'
import { RouterDemo } from '../kit/router-demo.ts'
import { stopAndExitOnSignal } from '../kit/stop-and-exit.ts'
import { becomeWorkers } from './become-workers.ts'
import { banner, usage } from './texts.ts'

let demo: RouterDemo | undefined
const stopping = stopAndExitOnSignal(async () => demo?.stop())

try {
  const { mode, ...options } = readOptions()
  if (mode === 'workers') becomeWorkers({ ...options, count: options.replicas })
  const script = fileURLToPath(new URL('replica.ts', import.meta.url))
  demo = new RouterDemo({ ...options, script, sources: [], say })
  const started = await demo.start()
  if (!stopping.started) say(banner(started))
} catch (error) {
  if (!stopping.started) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    await stopping.exit(1)
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      mode: { type: 'string', default: 'replicas' },
      replicas: { type: 'string' },
      listen: { type: 'string', default: '127.0.0.1:8080' },
      admin: { type: 'string', default: '127.0.0.1:8081' },
      store: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    say(usage(replicaNames.length))
    process.exit(0)
  }
  const { mode, listen, admin, store } = values
  if (mode !== 'replicas' && mode !== 'workers')
    throw new Error(`--mode takes replicas or workers, not "${mode}".`)
  const replicas = readReplicaCount(values.replicas ?? (mode === 'workers' ? '4' : '3'))
  return { mode, listen, admin, store, replicas }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

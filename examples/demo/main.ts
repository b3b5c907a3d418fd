/** The demo that `npm start` runs: three replicas, each a process, and the router in front of them in this one. */
import { parseArgs } from 'node:util'
import { createRouter, type LimpetRouter } from 'limpet'
import { type ReplicaProcess, startReplica } from './replica-process.ts'
import { banner, usage } from './texts.ts'

const names = ['otter', 'seal', 'heron', 'puffin', 'crab', 'plover', 'urchin', 'tern']
/** Ctrl-C arrives from the terminal and again from npm; a second one counts only after this. */
const sameKeyPressMs = 500

interface Options {
  readonly listen: string
  readonly admin: string
  readonly replicas: number
}

/** What has been started. Replicas that are still starting end by themselves when this process does. */
const running: { replicas: ReplicaProcess[]; router?: LimpetRouter } = { replicas: [] }
let stopping: { readonly sinceMs: number; readonly done: Promise<void> } | undefined

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopAndExit(0))
// The channel to the process that started this one, if there is one, closes when that process is gone.
process.on('disconnect', () => stopAndExit(0))
process.channel?.unref()

try {
  await start(readOptions(process.argv.slice(2)))
} catch (error) {
  if (!stopping) {
    say(error instanceof Error ? error.message : String(error), process.stderr)
    await stopAndExit(1)
  }
}

async function start(options: Options): Promise<void> {
  const wanted = names.slice(0, options.replicas)
  running.replicas = await Promise.all(wanted.map((name) => startReplica({ name, say })))
  running.router = createRouter({
    listen: options.listen,
    admin: options.admin,
    workers: 2,
    // The demo says itself what happens to its replicas.
    log: { level: 'error' },
    services: [
      {
        name: 'demo',
        replicas: running.replicas.map(({ url, name }) => ({ url, name })),
        session: ['header:x-truefoundry-sticky-session-id', 'cookie'],
        health: { path: '/healthz' },
      },
    ],
  })
  const { url, adminUrl } = await running.router.start().catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'LIMPET_LISTEN_IN_USE')) throw error
    const other = 'npm start -- --listen 127.0.0.1:PORT --admin 127.0.0.1:PORT'
    throw new Error(`${error.message}\nTo use other ports: ${other}`)
  })
  say(banner({ url, adminUrl, names: wanted }))
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      listen: { type: 'string', default: '127.0.0.1:8080' },
      admin: { type: 'string', default: '127.0.0.1:8081' },
      replicas: { type: 'string', default: '3' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    say(usage)
    process.exit(0)
  }
  const replicas = Number(values.replicas)
  if (!(Number.isInteger(replicas) && replicas >= 1 && replicas <= names.length)) {
    throw new Error(`--replicas takes a number from 1 to ${names.length}, not "${values.replicas}".`)
  }
  return { listen: values.listen, admin: values.admin, replicas }
}

/** Stops the router, then the replicas, and exits. Asked again a moment later, it exits without waiting. */
async function stopAndExit(code: number): Promise<void> {
  if (stopping && Date.now() - stopping.sinceMs > sameKeyPressMs) process.exit(1)
  stopping ??= { sinceMs: Date.now(), done: stop() }
  await stopping.done
  process.exit(code)
}

async function stop(): Promise<void> {
  await running.router?.close()
  await Promise.all(running.replicas.map((replica) => replica.stop()))
}

function say(line: string, stream: NodeJS.WritableStream = process.stdout): void {
  stream.write(`${line}\n`)
}

/** Runs the example: replicas of the notes server on one store, until Ctrl-C. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ReplicaProcess, startReplica } from './replica-process.ts'
import { banner, usage } from './texts.ts'

const names = ['otter', 'seal', 'heron', 'puffin', 'crab', 'plover', 'urchin', 'tern']

try {
  await run(readOptions())
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function run({ count, store: given }: { count: number; store: string | undefined }): Promise<void> {
  const stopAsked = stopSignal()
  const folder = given === undefined ? await mkdtemp(join(tmpdir(), 'limpet-mcp-notes-')) : undefined
  const store = given ?? `file:${folder}`
  const replicas: ReplicaProcess[] = []
  try {
    for (const name of names.slice(0, count)) {
      const replica = await startReplica(name, store)
      replicas.push(replica)
      void replica.ended.then(() => process.stdout.write(`replica ${name} has ended\n`))
    }
    process.stdout.write(`${banner(replicas, store)}\n`)
    await stopAsked
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()))
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

/** Resolves at the first signal to stop. A second one ends this process, and the replicas with it. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (asked) process.exit(1)
        asked = true
        resolve()
      })
    }
  })
}

function readOptions(): { count: number; store: string | undefined } {
  const { values } = parseArgs({
    options: {
      replicas: { type: 'string', default: '2' },
      store: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  const count = Number(values.replicas)
  if (!(Number.isInteger(count) && count >= 1 && count <= names.length)) {
    throw new Error(`--replicas takes a number from 1 to ${names.length}, not "${values.replicas}".`)
  }
  // Replicas that keep sessions in memory share nothing.
  if (values.store === 'memory') throw new Error('--store takes redis://…, rediss://… or file:PATH.')
  return { count, store: values.store }
}

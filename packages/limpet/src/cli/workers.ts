import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { type Logger, pino } from 'pino'
import { configFromInput } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { LimpetError } from '../errors.ts'
import { Supervisor } from '../process/supervisor.ts'
import { passLines } from '../workers/pass-lines.ts'
import { replicasOf, WorkerGroup, type WorkerReplica } from '../workers/worker-group.ts'
import { openPorts, openSockets, type WorkerPlaces } from '../workers/worker-places.ts'
import { stopSignal } from './stop-signal.ts'
import { parseWorkersFlags, type WorkersRun, workersHelp } from './workers-flags.ts'

const SERVICE = 'workers'

/** `limpet workers`: runs processes behind a router until it is told to stop. Resolves to the exit code. */
export async function workers(argv: readonly string[]): Promise<number> {
  const flags = parseWorkersFlags(argv)
  if (flags.kind === 'help') {
    process.stdout.write(workersHelp)
    return 0
  }
  if (flags.kind === 'faults') {
    for (const fault of flags.faults) process.stderr.write(`limpet workers: ${fault}\n`)
    return 2
  }
  try {
    return await run(flags)
  } catch (error) {
    if (!(error instanceof LimpetError)) throw error
    process.stderr.write(`limpet workers: ${error.message}\n`)
    return 1
  }
}

async function run(options: WorkersRun): Promise<number> {
  const places = options.usesSockets ? await openSockets(options.count) : await openPorts(options.count)
  try {
    return await runAt(places, options)
  } finally {
    // Where no guard was there to do it.
    if (places.folder !== undefined) await rm(places.folder, { recursive: true, force: true })
  }
}

async function runAt(places: WorkerPlaces, { hasPrefix, input, ...options }: WorkersRun): Promise<number> {
  const configOf = (replicas: readonly WorkerReplica[]): Config => {
    const [service] = input.services
    return configFromInput({ ...input, services: [{ ...service!, replicas: [...replicas] }] })
  }
  const config = configOf(replicasOf(places))
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  let group: WorkerGroup | undefined
  const token = randomBytes(32).toString('hex')
  const supervisor = new Supervisor(config, log, {
    processes: () => group?.counts() ?? [],
    ...(config.admin !== undefined && { channel: { token } }),
  })
  const { adminUrl } = await supervisor.start()
  group = new WorkerGroup(
    {
      ...options,
      env: {
        ...process.env,
        ...(adminUrl !== undefined && { LIMPET_CHANNEL: adminUrl, LIMPET_CHANNEL_TOKEN: token }),
      },
      health: config.services[0]!.health!,
      takeOutput: hasPrefix ? passOutput : undefined,
    },
    places,
    {
      put: (replicas) => supervisor.reload(configOf(replicas)),
      hold: (name) => supervisor.hold(SERVICE, name),
      release: (name) => supervisor.release(SERVICE, name),
      inFlight: (name) => supervisor.inFlight(SERVICE, name),
    },
    log,
  )
  return serveUntilStopped(supervisor, group, log)
}

async function serveUntilStopped(supervisor: Supervisor, group: WorkerGroup, log: Logger): Promise<number> {
  process.on('exit', () => group.kill())
  // Who reads the output may leave before this program does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  process.on('SIGHUP', () => {
    group.restart().catch((error: Error) => log.error({ reason: error.message }, 'the restart failed'))
  })
  const told = stopSignal()
  group.start()
  const end = await Promise.race([told, group.failed])
  if (typeof end !== 'string') {
    await supervisor.close(0)
    await group.close()
    process.stderr.write(`limpet workers: ${end.message}\n`)
    return end.exitCode
  }
  log.info({ signal: end }, 'stopping: requests under way may end; a second signal ends them at once')
  await supervisor.close()
  await group.close()
  log.info('stopped')
  return 0
}

function passOutput(name: string, { stdout, stderr }: ChildProcess): void {
  if (stdout !== null) passLines(stdout, process.stdout, `[${name}] `)
  if (stderr !== null) passLines(stderr, process.stderr, `[${name}] `)
}
